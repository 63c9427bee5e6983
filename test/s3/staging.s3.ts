import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Upload } from 'tus-js-client';
import { findS3Server, startS3Server, type S3Server } from '#libs/embedded';
import { sectionsOf } from '#libs/platform';
import { openStagingStore, type Store } from '#libs/stores';
import { startApi, type Api } from '../api/harness.js';
import { eventually, importsAt } from '../api/imports.js';
import { base64, formats, uploadsAt } from '../api/uploads.js';

describe('A staging area in a bucket, which the importer shares', () => {
  let dir: string;
  let s3: S3Server;
  let api: Api;
  const data = randomBytes(12 * 1024 * 1024);

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'heliograph-s3-'));
    s3 = await startS3Server({ binary: await findS3Server(), dir });
    for (const [section, bucket] of [['FAR', 'images'], ['OS_GLANCE_STAGING_STORE', 'staging']] as const) {
      const options = { HOST: s3.url, ACCESS_KEY: s3.accessKey, SECRET_KEY: s3.secretKey, BUCKET: bucket, CREATE_BUCKET_ON_PUT: 'true', LARGE_OBJECT_CHUNK_SIZE: '5' };
      for (const [name, value] of Object.entries(options)) process.env[`HELIOGRAPH_${section}__S3_STORE_${name}`] = value;
    }
    api = await startApi({ 'default.enabled_backends': 'far:s3, fast:file', 'heliograph.staging_store_kind': 's3', 'heliograph.removal_interval': '1', 'heliograph.staging_sweep_interval': '1' },
      // Nobody can be asked for what was staged: it has to be taken from the bucket.
      { importer: { 'heliograph.staging_url': 'http://127.0.0.1:1' } });
  }, 600_000);
  afterAll(async () => {
    await api?.stop();
    await s3?.stop();
    await rm(dir, { recursive: true, force: true });
    for (const name of Object.keys(process.env).filter((each) => each.includes('__S3_STORE_'))) Reflect.deleteProperty(process.env, name);
  });

  /** What lies in a bucket; the server keeps objects as files, and its own things in directories that begin with a dot. */
  async function objectsIn(bucket: string): Promise<string[]> {
    // A folder that goes away while it is read is looked at again.
    const entries = await readdir(join(dir, 'buckets', bucket), { recursive: true, withFileTypes: true }).catch(() => undefined);
    return entries?.filter((entry) => entry.isFile() && !entry.parentPath.includes('/.sgwtmp')).map(({ name }) => name) ?? objectsIn(bucket);
  }

  it('is swept of what no image can need, finished or not, and of nothing else', async () => {
    const store = await openStagingStore({ nodeStagingUri: 'file:///nowhere', stagingStoreKind: 's3' }, sectionsOf(process.env));
    const waiting = await api.as('demo').image({ disk_format: 'raw', container_format: 'bare' });
    expect((await api.as('demo').put(`/v2/images/${waiting}/stage`, { body: 'twelve bytes', headers: { 'content-type': 'application/octet-stream' } })).status).toBe(204);
    // No log line stands behind these: an attempt that the image never had.
    const orphan = { imageId: waiting, attemptId: randomUUID(), storeId: store.id };
    const left = await store.create(orphan);
    await left.write(data.subarray(0, 1000));
    await left.commit();
    const unfinished = await store.create({ ...orphan, attemptId: randomUUID() });
    await unfinished.write(data.subarray(0, 6 * 1024 * 1024));
    await eventually(() => namesIn(store), (names) => names.length === 1);
    expect((await namesIn(store))[0]).toContain(waiting);
    await unfinished.cancel();
    expect((await api.as('demo').delete(`/v2/images/${waiting}`)).status).toBe(204);
    await eventually(() => namesIn(store), (names) => names.length === 0);
  });

  it('takes data in parts by Content-Range, goes on after a broken connection, and imports what came', async () => {
    const at = uploadsAt(api, api.as('demo'));
    const id = await api.as('demo').image(formats);
    expect((await at.part(id, data.subarray(0, 7_000_000), 0, data.length)).status).toBe(308);
    expect((await at.part(id, data.subarray(0, 10), 5, data.length)).headers.get('upload-offset')).toBe('7000000');
    const wrong = await at.part(id, data.subarray(7_000_000, 8_000_000), 7_000_000, data.length, { 'upload-checksum': `sha256 ${base64('sha256', data)}` });
    expect([wrong.status, await at.offset(id)]).toEqual([460, '7000000']);
    const broken = at.byHand('PUT', at.stagePath(id), { 'content-type': 'application/octet-stream', 'content-range': `bytes 7000000-${data.length - 1}/${data.length}`, 'content-length': String(data.length - 7_000_000) });
    broken.write(data.subarray(7_000_000, 9_000_000));
    await eventually(() => at.arrived(id), (bytes) => bytes === 9_000_000);
    broken.destroy();
    const offset = Number(await eventually(() => at.offset(id), (told) => Number(told) > 7_000_000));
    expect(offset).toBeLessThanOrEqual(9_000_000);
    expect((await at.part(id, data.subarray(offset), offset, data.length)).status).toBe(204);
    expect((await api.as('demo').post(`/v2/images/${id}/import`, { body: { method: { name: 'glance-direct' }, stores: ['far'] } })).status).toBe(202);
    expect(await at.becomes(id, 'active')).toMatchObject({ size: data.length, os_hash_value: createHash('sha512').update(data).digest('hex') });
    expect((await at.data(id)).equals(data)).toBe(true);
    expect(await eventually(() => objectsIn('staging'), (objects) => objects.length === 0)).toEqual([]);
  });

  it('takes what the released tus client sends in parallel, and imports it as it was asked to in advance', async () => {
    const id = await api.as('demo').image(formats);
    await new Promise<void>((resolve, reject) => {
      new Upload(data, {
        endpoint: `${api.url}/v2/images/${id}/uploads`, headers: { 'X-Auth-Token': 'demo' }, chunkSize: 3_000_000, parallelUploads: 3,
        metadata: { import: JSON.stringify({ method: { name: 'glance-direct' }, stores: ['fast'] }) }, onSuccess: () => { resolve(); }, onError: reject,
      }).start();
    });
    const at = uploadsAt(api, api.as('demo'));
    expect(await at.becomes(id, 'active')).toMatchObject({ size: data.length, os_hash_value: createHash('sha512').update(data).digest('hex') });
    expect(await eventually(() => objectsIn('staging'), (objects) => objects.length === 0)).toEqual([]);
  });

  it('forgets an upload that is given up', async () => {
    const at = uploadsAt(api, api.as('demo'));
    const id = await api.as('demo').image(formats);
    expect((await at.part(id, data.subarray(0, 1_000_000), 0, data.length)).status).toBe(308);
    expect((await objectsIn('staging')).length).toBeGreaterThan(0);
    expect((await api.as('demo').delete(at.stagePath(id))).status).toBe(204);
    expect((await at.show(id))['status']).toBe('queued');
    expect(await eventually(() => objectsIn('staging'), (objects) => objects.length === 0)).toEqual([]);
  });

  it.each(['far', 'fast'])('gives what was staged to store %s, and is empty afterwards', async (storeId) => {
    const id = await api.as('demo').image({ disk_format: 'raw', container_format: 'bare' });
    const staged = await fetch(`${api.url}/v2/images/${id}/stage`, { method: 'PUT', headers: { 'x-auth-token': 'demo', 'content-type': 'application/octet-stream' }, body: data });
    expect(staged.status).toBe(204);
    expect(await objectsIn('staging')).toHaveLength(1);
    expect((await api.as('demo').post(`/v2/images/${id}/import`, { body: { method: { name: 'glance-direct' }, stores: [storeId] } })).status).toBe(202);
    expect(await importsAt(api).ended(id)).toMatchObject({ status: 'success' });
    expect((await api.as('demo').get(`/v2/images/${id}`)).json()).toMatchObject({
      status: 'active', size: data.length, stores: storeId, os_hash_value: createHash('sha512').update(data).digest('hex'),
    });
    const file = await fetch(`${api.url}/v2/images/${id}/file`, { headers: { 'x-auth-token': 'demo' } });
    expect(Buffer.from(await file.arrayBuffer()).equals(data)).toBe(true);
    expect(await eventually(() => objectsIn('staging'), (objects) => objects.length === 0)).toEqual([]);
  });
});

async function namesIn(store: Store): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of store.list?.() ?? []) names.push(name);
  return names;
}
