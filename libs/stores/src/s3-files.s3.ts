import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'minio';
import { findS3Server, startS3Server, type S3Server } from '#libs/embedded';
import { bucketFiles } from './s3-files.js';

describe('Small files in a bucket', () => {
  let dir: string;
  let server: S3Server;
  const at = new Date(Math.floor(Date.now() / 1000) * 1000);
  const day = at.toISOString().slice(0, 10);
  const file = (name: string, region = 'RegionOne') => ({ region, name, at });

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'files-s3-'));
    server = await startS3Server({ binary: await findS3Server(), dir });
  }, 600_000);
  afterAll(async () => {
    await server?.stop();
    await rm(dir, { recursive: true });
  });

  const client = (): Client => {
    const { hostname, port } = new URL(server.url);
    return new Client({ endPoint: hostname, port: Number(port), useSSL: false, accessKey: server.accessKey, secretKey: server.secretKey, region: 'us-east-1' });
  };
  const filesAt = (url: string, { lockDays = 0, more = {} as Readonly<Record<string, string>> } = {}) => {
    const settings: Readonly<Record<string, string>> = { s3_store_host: server.url, s3_store_access_key: server.accessKey, s3_store_secret_key: server.secretKey, s3_store_create_bucket_on_put: 'true', ...more };
    return bucketFiles({ url, section: 'digests', lockDays }, { value: (_, name) => settings[name], name: (section, name) => `${section}.${name}` });
  };

  it('stand below a folder of their region and of their day, and other regions do not see them', async () => {
    const files = filesAt('s3://plain/of/logs/');
    expect(await files.list('RegionOne')).toEqual([]);
    const name = await files.write(file('a.json'), Buffer.from('one'));
    expect(name).toBe(`of/logs/RegionOne/${day}/a.json`);
    await files.write(file('b.json', 'RegionOne-2'), Buffer.from('two'));
    expect(await files.list('RegionOne')).toEqual([name]);
    expect(String(await files.read(name))).toBe('one');
    expect(await files.read(`of/logs/RegionOne/${day}/c.json`)).toBeUndefined();
  });

  it('are written once: the same bytes may come again, and others never', async () => {
    const files = filesAt('s3://once');
    const name = await files.write(file('a.json'), Buffer.from('one'));
    expect(await files.write(file('a.json'), Buffer.from('one'))).toBe(name);
    await expect(files.write(file('a.json'), Buffer.from('two'))).rejects.toThrow(`s3://once/${name} is there already, and says something else`);
    expect(String(await files.read(name))).toBe('one');
  });

  it('cannot be deleted while they are locked', async () => {
    await client().makeBucket('locked', 'us-east-1', { ObjectLocking: true });
    const files = filesAt('s3://locked', { lockDays: 2 });
    const name = await files.write(file('a.json'), Buffer.from('one'));
    const { headers } = await fetch(await client().presignedUrl('HEAD', 'locked', name), { method: 'HEAD' });
    expect(headers.get('x-amz-object-lock-mode')).toBe('COMPLIANCE');
    expect(new Date(headers.get('x-amz-object-lock-retain-until-date') ?? '').getTime()).toBe(at.getTime() + 2 * 86_400_000);
    await expect(client().removeObject('locked', name)).rejects.toThrow();
    expect(String(await files.read(name))).toBe('one');
  });

  it('are refused where they should be locked and the bucket knows no lock', async () => {
    await expect(filesAt('s3://unlocked', { lockDays: 2 }).write(file('a.json'), Buffer.from('one'))).rejects.toThrow(/could not lock a file \(the bucket must have been made with object lock\)/);
  });

  it('name every option that is missing or wrong before anything is asked of a server', () => {
    expect(() => filesAt('s3://X', { more: { s3_store_host: '', s3_store_secret_key: '' } })).toThrow(/^The bucket of digests cannot be used: digests\.s3_store_host: .*; digests\.s3_store_secret_key: .*; s3:\/\/X: expected s3:\/\/ and the name of a bucket/);
  });
});
