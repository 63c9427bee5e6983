import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findS3Server, startS3Server, type S3Server } from '#libs/embedded';
import { eventually } from '../system/catalog-system.js';
import { signIn, type Client } from '../system/client.js';
import { anImageInBothStores, flipAByte, operatorCommand } from '../system/damage.js';
import { createImage, historyOf, imageNow, someBytes } from '../system/operations.js';
import { quickEnds, startRegion, type Region, type Settings } from '../system/region.js';

describe('Data in a bucket and in a directory, one of which is damaged', () => {
  let dir: string;
  let s3: S3Server;
  let region: Region;
  let client: Client;
  let stores: Settings;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'heliograph-s3-'));
    s3 = await startS3Server({ binary: await findS3Server(), dir });
    stores = {
      'default.enabled_backends': 'fast:file, far:s3', 'far.s3_store_host': s3.url, 'far.s3_store_access_key': s3.accessKey, 'far.s3_store_secret_key': s3.secretKey, 'far.s3_store_bucket': 'images',
      'far.s3_store_create_bucket_on_put': 'true', 'far.s3_store_large_object_chunk_size': 5, 'image_format.vmdk_allowed_types': 'monolithicFlat,streamOptimized',
    };
    region = await startRegion({ settings: { ...quickEnds, ...stores }, importers: 1 });
    client = await signIn(region, 'admin');
  }, 600_000);
  afterAll(async () => {
    await region?.stop();
    await s3?.stop();
    await rm(dir, { recursive: true, force: true });
  });

  const command = (name: string, ...args: string[]) => operatorCommand(region, stores, name, ...args);
  /** The files that hold an image's data in one of the stores; the S3 server keeps objects as files, too. */
  async function filesIn(store: 'fast' | 'far', imageId: string): Promise<string[]> {
    const below = join(store === 'fast' ? join(region.storesDir, 'fast') : join(dir, 'buckets', 'images'), imageId);
    const entries = await readdir(below, { recursive: true, withFileTypes: true }).catch(() => []);
    return entries.filter((entry) => entry.isFile() && entry.name === store).map((entry) => join(entry.parentPath, entry.name));
  }
  const onlyFile = (store: 'fast' | 'far', imageId: string): Promise<string> => eventuallyOne(() => filesIn(store, imageId));

  it.each(['fast', 'far'] as const)('is healed where it is bad in %s, from the other one, and the bytes are what they were', async (bad) => {
    const bytes = someBytes(6_000_000);
    const imageId = await anImageInBothStores(client, bytes);
    const damaged = await onlyFile(bad, imageId);
    await flipAByte(damaged);
    expect(command('stores-scrub', '--dry-run', imageId)).toMatchObject({ status: 1, printed: expect.stringMatching(/^1 (damaged, 1 sound|sound, 1 damaged)$/m) as string });
    const { status, printed } = command('stores-scrub', imageId);
    expect(printed).toMatch(new RegExp(`damaged +image .* in ${bad}, 6000000 bytes: its md5 is another one; healed`));
    expect(status).toBe(0);
    await eventually('the bad bytes are gone', async () => !(await filesIn(bad, imageId)).includes(damaged));
    for (const store of ['fast', 'far'] as const) expect((await readFile(await onlyFile(store, imageId))).equals(bytes)).toBe(true);
    expect((await client.askUntilAnswered('GET', `/v2/images/${imageId}/file`)).bytes.equals(bytes)).toBe(true);
    expect(command('stores-scrub', imageId).printed).toContain('2 sound');
  });

  it('is healed where its object is gone', async () => {
    const bytes = someBytes(100_000);
    const imageId = await anImageInBothStores(client, bytes);
    await rm(await onlyFile('far', imageId));
    expect(command('stores-scrub', imageId)).toMatchObject({ status: 0, printed: expect.stringMatching(/missing +image .* in far, 100000 bytes; healed/) as string });
    expect((await readFile(await onlyFile('far', imageId))).equals(bytes)).toBe(true);
  });

  it('is looked at again under the rules of today, in the bucket', async () => {
    const imageId = await createImage(client, 'in the bucket');
    await fetch(`${region.url}/v2/images/${imageId}/file`, { method: 'PUT', headers: { 'x-auth-token': client.token, 'content-type': 'application/octet-stream', 'x-image-meta-store': 'far' }, body: someBytes() });
    expect(await imageNow(client, imageId)).toMatchObject({ status: 'active', stores: 'far' });
    const unsafe = Buffer.concat([Buffer.from('# Disk DescriptorFile\ncreateType="custom"\nRW 1 FLAT "/etc/passwd" 0\n'), Buffer.alloc(200_000)]).subarray(0, 200_000);
    await writeFile(await onlyFile('far', imageId), unsafe);
    const { status, printed } = command('images-rescan', '--deactivate');
    expect(printed).toMatch(new RegExp(`image ${imageId}: something new.*deactivated`));
    expect(status).toBe(1);
    expect((await imageNow(client, imageId))?.status).toBe('deactivated');
    expect((await historyOf(client, imageId)).map(({ action }) => action)).toEqual(expect.arrayContaining(['RecordDataInspection', 'DeactivateImage']));
  });
});

/** One file, once there is just one. */
async function eventuallyOne(find: () => Promise<string[]>): Promise<string> {
  let found: string[] = [];
  await eventually('there is one file', async () => (found = await find()).length === 1);
  return found[0] ?? '';
}
