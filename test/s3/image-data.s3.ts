import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findS3Server, startS3Server, type S3Server } from '#libs/embedded';
import { startApi, type Api } from '../api/harness.js';

describe('Image data in a directory and in a bucket, side by side', () => {
  let dir: string;
  let s3: S3Server;
  let api: Api;
  const data = randomBytes(12 * 1024 * 1024);

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'heliograph-s3-'));
    s3 = await startS3Server({ binary: await findS3Server(), dir });
    // The sections of stores are read from the environment of the process.
    Object.assign(process.env, {
      HELIOGRAPH_FAR__S3_STORE_HOST: s3.url, HELIOGRAPH_FAR__S3_STORE_ACCESS_KEY: s3.accessKey, HELIOGRAPH_FAR__S3_STORE_SECRET_KEY: s3.secretKey,
      HELIOGRAPH_FAR__S3_STORE_BUCKET: 'images', HELIOGRAPH_FAR__S3_STORE_CREATE_BUCKET_ON_PUT: 'true', HELIOGRAPH_FAR__S3_STORE_LARGE_OBJECT_CHUNK_SIZE: '5',
    });
    api = await startApi({ 'default.enabled_backends': 'fast:file, far:s3', 'heliograph.removal_interval': '1' });
  }, 600_000);
  afterAll(async () => {
    await api.stop();
    await s3.stop();
    await rm(dir, { recursive: true, force: true });
    for (const name of Object.keys(process.env).filter((each) => each.startsWith('HELIOGRAPH_FAR__'))) Reflect.deleteProperty(process.env, name);
  });

  /** What lies in the bucket; the server keeps objects as files, and its own things in directories that begin with a dot. */
  const objects = async (): Promise<string[]> =>
    (await readdir(join(dir, 'buckets', 'images'), { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile() && !entry.parentPath.includes('/.')).map(({ name }) => name);
  const until = async (isSo: () => Promise<boolean>): Promise<void> => {
    for (const end = Date.now() + 15_000; !(await isSo());) {
      if (Date.now() > end) throw new Error('It did not become so.');
      await new Promise((resolve) => { setTimeout(resolve, 100); });
    }
  };
  const headersFor = (storeId: string) => ({ 'x-auth-token': 'demo', 'content-type': 'application/octet-stream', 'x-image-meta-store': storeId });
  const put = (imageId: string, storeId: string) => fetch(`${api.url}/v2/images/${imageId}/file`, { method: 'PUT', headers: headersFor(storeId), body: data });
  const get = (imageId: string, headers: Record<string, string> = {}) => fetch(`${api.url}/v2/images/${imageId}/file`, { headers: { 'x-auth-token': 'demo', ...headers } });

  it.each(['fast', 'far'])('goes up to store %s, and comes down whole and in parts', async (storeId) => {
    const imageId = await api.as('demo').image({ disk_format: 'raw', container_format: 'bare' });
    expect((await put(imageId, storeId)).status).toBe(204);
    expect((await api.as('demo').get(`/v2/images/${imageId}`)).json()).toMatchObject({ status: 'active', size: data.byteLength, stores: storeId });
    expect(Buffer.from(await (await get(imageId)).arrayBuffer()).equals(data)).toBe(true);
    const part = await get(imageId, { range: 'bytes=5242879-5242881' });
    expect([part.status, part.headers.get('content-range')]).toEqual([206, `bytes 5242879-5242881/${data.byteLength}`]);
    expect(Buffer.from(await part.arrayBuffer()).equals(data.subarray(5242879, 5242882))).toBe(true);
  });

  it('leaves the bucket when its image is deleted', async () => {
    const before = (await objects()).length;
    const imageId = await api.as('demo').image({ disk_format: 'raw', container_format: 'bare' });
    await put(imageId, 'far');
    expect(await objects()).toHaveLength(before + 1);
    expect((await api.as('demo').delete(`/v2/images/${imageId}`)).status).toBe(204);
    // A folder may vanish while it is read.
    await until(async () => (await objects().catch(() => [])).length === before);
  });

  it('is refused with 503 while the server is away, and the image can take it when the server is back', async () => {
    const imageId = await api.as('demo').image({ disk_format: 'raw', container_format: 'bare' });
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const upload = request(`${api.url}/v2/images/${imageId}/file`, { method: 'PUT', headers: headersFor('far') }, (response) => { resolve(response.resume().statusCode); });
      upload.on('error', reject).write(data);
      setTimeout(() => void s3.kill().then(() => { upload.end(data); }), 500);
    });
    expect(status).toBe(503);
    expect((await api.as('demo').get(`/v2/images/${imageId}`)).json()).toMatchObject({ status: 'queued' });
    s3 = await s3.restart();
    expect((await put(imageId, 'far')).status).toBe(204);
    expect(Buffer.from(await (await get(imageId)).arrayBuffer()).equals(data)).toBe(true);
  });

  it('tells no key in any line of the log', () => {
    expect(api.logged.length).toBeGreaterThan(0);
    for (const secret of [s3.accessKey, s3.secretKey]) expect(api.logged.join('\n')).not.toContain(secret);
  });
});
