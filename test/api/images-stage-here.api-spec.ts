import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { startApi, type Api, type Person } from './harness.js';
import { eventually, importsAt } from './imports.js';

const bytes = randomBytes(3_000_000);
const capBytes = 4_000_000;

let api: Api;
let demo: Person;
let imports: ReturnType<typeof importsAt>;
beforeAll(async () => {
  // Nobody answers at the staging service's address: whatever is staged here was written by the gateway.
  api = await startApi({
    'heliograph.staging_writer': 'gateway', 'heliograph.removal_interval': '1', 'heliograph.upload_idle_seconds': '4', 'default.image_size_cap': String(capBytes),
  }, { gateway: { 'heliograph.staging_url': 'http://127.0.0.1:1' } });
  demo = api.as('demo');
  imports = importsAt(api);
});
afterAll(() => api.stop());

const anImage = (): Promise<string> => demo.image({ disk_format: 'raw', container_format: 'bare' });
const stage = (id: string, body: Uint8Array | string = bytes, headers: Record<string, string> = {}) =>
  demo.put(`/v2/images/${id}/stage`, { body, headers: { 'content-type': 'application/octet-stream', ...headers } });
const shown = async (id: string) => (await demo.get(`/v2/images/${id}`)).json();
const noFilesOf = async (id: string): Promise<void> => { expect(await eventually(() => imports.stagedFilesOf(id), (files) => files.length === 0)).toEqual([]); };

describe('PUT /v2/images/{image_id}/stage, where the gateway shares the staging area', () => {
  it('writes the data there itself, hashed once: the import gives the store that very file', async () => {
    const id = await anImage();
    expect((await stage(id)).status).toBe(204);
    expect(await shown(id)).toMatchObject({ status: 'uploading', size: bytes.length, checksum: null });
    const [file = ''] = await imports.stagedFilesOf(id);
    const { ino } = await stat(file);
    expect((await demo.post(`/v2/images/${id}/import`, { body: { method: { name: 'glance-direct' } } })).status).toBe(202);
    expect(await imports.ended(id)).toMatchObject({ status: 'success' });
    expect(await shown(id)).toMatchObject({ status: 'active', size: bytes.length, os_hash_value: createHash('sha512').update(bytes).digest('hex') });
    const [stored = ''] = await imports.filesOf(id);
    expect((await stat(stored)).ino).toBe(ino);
    await noFilesOf(id);
  });

  it('is recorded as what the caller did, and done once however often he repeats it with one key', async () => {
    const id = await anImage();
    const headers = { 'idempotency-key': randomUUID(), 'x-openstack-request-id': 'req-of-mine' };
    expect([(await stage(id, bytes, headers)).status, (await stage(id, bytes, headers)).status]).toEqual([204, 204]);
    expect((await stage(id)).status).toBe(409);
    const { history } = (await demo.get(`/v2/images/${id}/history`)).json<{ history: { action: string; user_id: string; request_id: string }[] }>();
    expect(history.filter(({ action }) => /Staging$/.test(action)).map(({ action, user_id, request_id }) => [action, user_id, request_id]).toSorted()).toEqual([
      ['CompleteImageStaging', 'user-demo', 'req-of-mine'], ['StartImageStaging', 'user-demo', 'req-of-mine'],
    ]);
  });

  it('refuses too much data with 413, and leaves the image queued and nothing in the area', async () => {
    const id = await anImage();
    expect((await stage(id, Buffer.alloc(capBytes + 1))).status).toBe(413);
    expect(await shown(id)).toMatchObject({ status: 'queued', size: null });
    await noFilesOf(id);
  });

  it('leaves the same where the client goes away', async () => {
    const id = await anImage();
    const staging = httpRequest(`${api.url}/v2/images/${id}/stage`, { method: 'PUT', agent: false, headers: { 'x-auth-token': 'demo', 'content-type': 'application/octet-stream', 'content-length': bytes.length } });
    staging.on('error', () => {});
    staging.write(bytes.subarray(0, 2_000_000));
    expect(await eventually(() => imports.stagedFilesOf(id), (files) => files.length === 1)).toHaveLength(1);
    staging.destroy();
    expect(await eventually(() => shown(id), ({ status }) => status === 'queued')).toMatchObject({ status: 'queued' });
    await noFilesOf(id);
  });

  it('lets the data go with its image', async () => {
    const id = await anImage();
    await stage(id);
    expect((await demo.delete(`/v2/images/${id}`)).status).toBe(204);
    await noFilesOf(id);
  });
});
