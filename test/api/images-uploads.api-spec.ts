import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { startApi, type Api, type Person } from './harness.js';
import { eventually } from './imports.js';
import { base64, formats, uploadsAt } from './uploads.js';

let api: Api;
let demo: Person;
let at: ReturnType<typeof uploadsAt>;
beforeAll(async () => {
  api = await startApi({ 'default.image_size_cap': String(8 * 1024 * 1024), 'heliograph.upload_idle_seconds': '20', 'heliograph.removal_interval': '1' });
  demo = api.as('demo');
  at = uploadsAt(api, demo);
});
afterAll(() => api.stop());

const bytes = randomBytes(2_000_000);
const sha512 = createHash('sha512').update(bytes).digest('hex');
const offsetBytes = { 'content-type': 'application/offset+octet-stream' };
const uploadsOf = (id: string) => `/v2/images/${id}/uploads`;
const pathIn = (answer: { headers: Headers }) => new URL(answer.headers.get('location') ?? '', api.url).pathname;
async function begun(id: string, headers: Record<string, string> = {}): Promise<string> {
  const answer = await at.tus('POST', uploadsOf(id), { 'upload-length': String(bytes.length), ...headers });
  expect([answer.status, answer.headers.get('tus-resumable')]).toEqual([201, '1.0.0']);
  return pathIn(answer);
}
const patch = (path: string, from: number, body: Uint8Array, headers: Record<string, string> = {}) =>
  at.tus('PATCH', path, { ...offsetBytes, 'upload-offset': String(from), ...headers }, body);
const metadata = (pairs: Record<string, string>) => Object.entries(pairs).map(([key, value]) => `${key} ${Buffer.from(value).toString('base64')}`).join(',');

describe('Uploads by tus: /v2/images/{image_id}/uploads', () => {
  it('tells what it can do, to whoever asks', async () => {
    const answer = await api.as(undefined).request('OPTIONS', uploadsOf(randomUUID()));
    expect([answer.status, answer.headers.get('tus-version'), answer.headers.get('tus-max-size')]).toEqual([200, '1.0.0', String(8 * 1024 * 1024)]);
    expect(answer.headers.get('tus-extension')?.split(',')).toEqual(expect.arrayContaining(['creation', 'checksum', 'termination', 'expiration', 'concatenation']));
  });

  it('takes an upload from its creation to its last byte, which stages it', async () => {
    const id = await demo.image(formats);
    const path = await begun(id, { 'upload-metadata': metadata({ filename: 'disk.raw' }) });
    const first = await patch(path, 0, bytes.subarray(0, 700_000));
    expect([first.status, first.headers.get('upload-offset'), first.headers.get('upload-expires') !== null]).toEqual([204, '700000', true]);
    const told = await at.tus('HEAD', path);
    expect(told.status).toBe(200);
    expect(Object.fromEntries(['upload-offset', 'upload-length', 'upload-metadata', 'cache-control'].map((name) => [name, told.headers.get(name)])))
      .toEqual({ 'upload-offset': '700000', 'upload-length': '2000000', 'upload-metadata': metadata({ filename: 'disk.raw' }), 'cache-control': 'no-store' });
    expect((await patch(path, 700_000, bytes.subarray(700_000))).headers.get('upload-offset')).toBe('2000000');
    expect(await at.show(id)).toMatchObject({ status: 'uploading', size: bytes.length });
    expect((await at.tus('HEAD', path)).headers.get('upload-offset')).toBe('2000000');
  });

  it('imports what was uploaded at once, where the upload asks for it, and still tells who lost the last answer that all had arrived', async () => {
    const id = await demo.image(formats);
    const path = await begun(id, { 'upload-metadata': metadata({ import: JSON.stringify({ method: { name: 'glance-direct' }, stores: ['fast', 'far'] }) }) });
    expect((await patch(path, 0, bytes)).status).toBe(204);
    expect(await at.becomes(id, 'active')).toMatchObject({ size: bytes.length, os_hash_value: sha512, stores: 'fast,far' });
    expect((await at.data(id)).equals(bytes)).toBe(true);
    const told = await at.tus('HEAD', path);
    expect([told.status, told.headers.get('upload-offset'), told.headers.get('upload-length')]).toEqual([200, '2000000', '2000000']);
    expect(await eventually(() => at.stagedFiles(id), (files) => files.length === 0)).toEqual([]);
  });

  it('gives the upload that began already to who did not hear of it, and another one to nobody', async () => {
    const id = await demo.image(formats);
    const path = await begun(id);
    expect(await begun(id)).toBe(path);
    expect((await at.tus('POST', uploadsOf(id), { 'upload-length': '5' })).status).toBe(409);
    await patch(path, 0, bytes.subarray(0, 1));
    expect((await at.tus('POST', uploadsOf(id), { 'upload-length': String(bytes.length) })).status).toBe(409);
  });

  it('refuses another offset with 409, another version with 412, another media type with 415, and what is none of it with 400', async () => {
    const id = await demo.image(formats);
    const path = await begun(id);
    const conflict = await patch(path, 5, bytes);
    expect([conflict.status, conflict.headers.get('upload-offset'), conflict.headers.get('tus-resumable')]).toEqual([409, '0', '1.0.0']);
    const version = await patch(path, 0, bytes, { 'tus-resumable': '0.2.2' });
    expect([version.status, version.headers.get('tus-version')]).toEqual([412, '1.0.0']);
    expect((await patch(path, 0, bytes, { 'content-type': 'application/octet-stream' })).status).toBe(415);
    expect((await at.tus('PATCH', path, offsetBytes, bytes)).status).toBe(400);
    expect((await at.tus('POST', uploadsOf(await demo.image(formats)))).status).toBe(400);
    expect((await at.tus('HEAD', `${uploadsOf(id)}/${randomUUID()}`)).status).toBe(404);
    expect((await patch(`${uploadsOf(id)}/..%2f..`, 0, bytes)).status).toBe(404);
  });

  it('takes the first bytes with the creation, and learns the length later', async () => {
    const id = await demo.image(formats);
    const created = await at.tus('POST', uploadsOf(id), { 'upload-defer-length': '1', ...offsetBytes }, bytes.subarray(0, 1000));
    expect([created.status, created.headers.get('upload-offset')]).toEqual([201, '1000']);
    const path = pathIn(created);
    expect((await at.tus('HEAD', path)).headers.get('upload-defer-length')).toBe('1');
    expect((await patch(path, 1000, bytes.subarray(1000), { 'upload-length': String(bytes.length) })).status).toBe(204);
    expect(await at.show(id)).toMatchObject({ size: bytes.length });
  });

  it('stages an upload of no bytes when it is created', async () => {
    const id = await demo.image(formats);
    const path = await begun(id, { 'upload-length': '0' });
    expect(await at.show(id)).toMatchObject({ status: 'uploading', size: 0 });
    expect((await at.tus('HEAD', path)).headers.get('upload-offset')).toBe('0');
  });

  it('keeps no part whose checksum is wrong: 460', async () => {
    const path = await begun(await demo.image(formats));
    expect((await patch(path, 0, bytes, { 'upload-checksum': `sha1 ${base64('sha1', Buffer.from('other'))}` })).status).toBe(460);
    expect((await patch(path, 0, bytes, { 'upload-checksum': 'crc32 AAAA' })).status).toBe(400);
    expect((await at.tus('HEAD', path)).headers.get('upload-offset')).toBe('0');
    expect((await patch(path, 0, bytes, { 'upload-checksum': `sha1 ${base64('sha1', bytes)}` })).status).toBe(204);
  });

  it('refuses more than was announced with 400 and more than image_size_cap with 413', async () => {
    const id = await demo.image(formats);
    expect((await at.tus('POST', uploadsOf(id), { 'upload-length': String(9 * 1024 * 1024) })).status).toBe(413);
    expect((await at.show(id))['status']).toBe('queued');
    const path = await begun(id, { 'upload-length': '1000' });
    expect((await patch(path, 0, bytes.subarray(0, 1001))).status).toBe(400);
    expect((await at.tus('HEAD', path)).headers.get('upload-offset')).toBe('0');
  });

  it('is ended by DELETE, and the image can be uploaded to again', async () => {
    const id = await demo.image(formats);
    const path = await begun(id);
    await patch(path, 0, bytes.subarray(0, 1000));
    expect((await at.tus('POST', uploadsOf(id), { 'upload-length': '5' })).status).toBe(409);
    expect((await at.tus('DELETE', path)).status).toBe(204);
    expect((await at.tus('HEAD', path)).status).toBe(404);
    expect((await patch(path, 1000, bytes.subarray(1000))).status).toBe(404);
    expect(await at.show(id)).toMatchObject({ status: 'queued' });
    expect(await eventually(() => at.stagedFiles(id), (files) => files.length === 0)).toEqual([]);
    expect((await patch(await begun(id), 0, bytes)).status).toBe(204);
  });

  it('speaks through whatever lets only POST pass', async () => {
    const path = await begun(await demo.image(formats));
    const answer = await at.tus('POST', path, { 'x-http-method-override': 'PATCH', ...offsetBytes, 'upload-offset': '0' }, bytes);
    expect([answer.status, answer.headers.get('upload-offset')]).toEqual([204, '2000000']);
  });

  it('is nobody else\'s', async () => {
    const id = await demo.image({ ...formats, visibility: 'private' });
    const path = await begun(id);
    const alt = uploadsAt(api, api.as('alt'));
    for (const [method, where] of [['HEAD', path], ['PATCH', path], ['DELETE', path], ['POST', uploadsOf(id)]] as const) {
      expect((await alt.tus(method, where, { ...(method === 'PATCH' ? { ...offsetBytes, 'upload-offset': '0' } : {}), 'upload-length': '5' })).status).toBe(404);
    }
    expect((await at.tus('HEAD', path)).headers.get('upload-offset')).toBe('0');
  });
});

describe('Parallel uploads by tus: Upload-Concat', () => {
  const thirds = [bytes.subarray(0, 600_000), bytes.subarray(600_000, 1_300_000), bytes.subarray(1_300_000)];
  const partial = (id: string, length: number) => begun(id, { 'upload-length': String(length), 'upload-concat': 'partial' });
  const final = (id: string, paths: readonly string[], headers: Record<string, string> = {}) =>
    at.tus('POST', uploadsOf(id), { 'upload-concat': `final;${paths.join(' ')}`, ...headers });

  it('takes parts side by side and joins them in the order of the last request, hashed as one', async () => {
    const id = await demo.image(formats);
    const paths = await Promise.all(thirds.map((third) => partial(id, third.length)));
    expect(new Set(paths).size).toBe(3);
    await Promise.all(thirds.map(async (third, index) => expect((await patch(paths[index] ?? '', 0, third)).status).toBe(204)));
    expect((await at.tus('HEAD', paths[1] ?? '')).headers.get('upload-concat')).toBe('partial');
    expect((await at.show(id))['size']).toBeNull();
    const joined = await final(id, paths.map((path) => api.url + path), { 'upload-metadata': metadata({ import: '' }) });
    expect(joined.status).toBe(201);
    expect(await at.becomes(id, 'active')).toMatchObject({ size: bytes.length, os_hash_value: sha512 });
    expect((await at.data(id)).equals(bytes)).toBe(true);
    expect((await at.actions(id)).filter((action) => /Staging$/.test(action))).toEqual(['StartImageStaging', 'CompleteImageStaging']);
    expect(await eventually(() => at.stagedFiles(id), (files) => files.length === 0)).toEqual([]);
    // Who did not hear it asks for the parts again, and then for the whole.
    expect((await at.tus('HEAD', paths[0] ?? '')).headers.get('upload-offset')).toBe('600000');
    expect((await final(id, paths)).status).toBe(201);
  });

  it('joins nothing that is not complete, or not there', async () => {
    const id = await demo.image(formats);
    const [one = '', two = ''] = [await partial(id, 10), await partial(id, 10)];
    await patch(one, 0, bytes.subarray(0, 10));
    await patch(two, 0, bytes.subarray(0, 9));
    expect((await final(id, [one, two])).status).toBe(400);
    expect((await final(id, [one, one.replace(/[0-9a-f]{8}-a$/, '0000000a-a')])).status).toBe(404);
    expect((await final(id, [one, `${uploadsOf(id)}/${randomUUID()}.0000000a`])).status).toBe(400);
    expect((await patch(two, 9, bytes.subarray(9, 10))).status).toBe(204);
    for (let times = 0; times < 2; times += 1) expect((await final(id, [one, two])).status).toBe(201);
    expect(await at.show(id)).toMatchObject({ size: 20 });
  });

  it('holds image_size_cap over all parts together', async () => {
    const id = await demo.image(formats);
    const large = Buffer.alloc(5 * 1024 * 1024);
    const [one = '', two = ''] = [await partial(id, large.length), await partial(id, large.length)];
    expect((await patch(one, 0, large)).status).toBe(204);
    expect((await patch(two, 0, large)).status).toBe(413);
    expect((await at.tus('HEAD', two)).headers.get('upload-offset')).toBe('0');
  });

  it('ends with its last part', async () => {
    const id = await demo.image(formats);
    const [one = '', two = ''] = [await partial(id, 10), await partial(id, 10)];
    expect((await at.tus('DELETE', one)).status).toBe(204);
    expect((await at.show(id))['status']).toBe('uploading');
    expect((await at.tus('DELETE', two)).status).toBe(204);
    await pause(50);
    expect((await at.show(id))['status']).toBe('queued');
  });
});
