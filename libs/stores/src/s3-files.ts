import type { StoreSections } from './configured-stores.js';
import { s3Clients } from './s3-client.js';
import { asking, saysS3 } from './s3-errors.js';
import { objectsBelowIfAny } from './s3-list.js';
import { readS3Options } from './s3-options.js';
import { inBucket, spareMemory, type S3Room } from './s3-room.js';

/** Small files in a bucket, below a folder of each region and a folder of each day; what is written is never written anew. */
export interface BucketFiles {
  /** All names of a region. */
  list(region: string): Promise<string[]>;
  /** Undefined where nothing has the name. */
  read(name: string): Promise<Buffer | undefined>;
  /** Keeps it as `[folder/]<region>/<YYYY-MM-DD>/<name>`, and gives that. The same bytes may come again; other bytes under the name are refused. */
  write(file: { readonly region: string; readonly name: string; readonly at: Date }, bytes: Buffer): Promise<string>;
}

export interface BucketFilesOptions {
  /** `s3://BUCKET` or `s3://BUCKET/FOLDER`. */
  readonly url: string;
  /** The section whose s3_store options tell the server, the keys and the rest. */
  readonly section: string;
  /** So many days nobody may delete a file or write it anew: the bucket must have been made with object lock. 0: as the bucket itself says. */
  readonly lockDays: number;
}

export const isBucketUrl = (text: string): boolean => /^s3:\/\//i.test(text);

const dayMs = 24 * 60 * 60 * 1000;

/** Nothing is asked of the server yet. Throws where the URL or an option is missing or wrong, with the names of all. */
export function bucketFiles({ url, section, lockDays }: BucketFilesOptions, sections: StoreSections): BucketFiles {
  const { room, folder } = roomOf(url, section, sections);
  const { client, options: { bucket } } = room;

  async function read(name: string): Promise<Buffer | undefined> {
    try {
      return await asking('read a file', async () => {
        const chunks: Buffer[] = [];
        for await (const chunk of await client.getObject(bucket, name)) chunks.push(chunk as Buffer);
        return Buffer.concat(chunks);
      });
    } catch (error) {
      if (saysS3(error, 'NoSuchKey', 'NotFound')) return undefined;
      throw error;
    }
  }

  /** An answer that was lost is asked for again; then the file is there already, and is what was to be written. */
  async function put(name: string, bytes: Buffer): Promise<void> {
    try {
      await inBucket(room, () => asking('keep a file', () => client.putObject(bucket, name, bytes, bytes.byteLength, { 'if-none-match': '*' })));
    } catch (error) {
      if (!saysS3(error, 'PreconditionFailed')) throw error;
      if (!(await read(name))?.equals(bytes)) throw new Error(`s3://${bucket}/${name} is there already, and says something else`, { cause: error });
    }
  }

  return {
    async list(region) {
      const names: string[] = [];
      for await (const { name } of objectsBelowIfAny(room, `${folder}${region}/`)) names.push(name);
      return names;
    },
    read,
    async write({ region, name, at }, bytes) {
      const key = `${folder}${region}/${at.toISOString().slice(0, 10)}/${name}`;
      await put(key, bytes);
      if (lockDays > 0) {
        const retainUntilDate = new Date(at.getTime() + lockDays * dayMs).toISOString();
        await asking('lock a file (the bucket must have been made with object lock)', () => client.putObjectRetention(bucket, key, { mode: 'COMPLIANCE', retainUntilDate, versionId: '' }));
      }
      return key;
    },
  };
}

function roomOf(url: string, section: string, sections: StoreSections): { readonly room: S3Room; readonly folder: string } {
  const [, bucket = '', path = ''] = /^s3:\/\/([^/]*)\/?(.*)$/i.exec(url) ?? [];
  const faults: string[] = [];
  const option = (name: string): string | undefined => (name === 's3_store_bucket' ? bucket : sections.value(section, name)?.trim()) || undefined;
  const options = readS3Options(option, (name, expected) => {
    faults.push(name === 's3_store_bucket' ? `${url}: expected s3:// and ${expected}` : `${sections.name(section, name)}: expected ${expected}`);
  });
  if (faults.length > 0) throw new Error(`The bucket of ${section} cannot be used: ${faults.join('; ')}.`);
  const clients = s3Clients(options);
  const folder = path === '' ? '' : `${path.replace(/\/+$/, '')}/`;
  return { room: { storeId: section, options, clients, client: clients.client(), spare: spareMemory(0) }, folder };
}
