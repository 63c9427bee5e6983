import { createHash, randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { startApi, type Api, type Person } from './harness.js';
import { eventually } from './imports.js';
import { base64, formats, uploadsAt } from './uploads.js';

let api: Api;
let demo: Person;
let at: ReturnType<typeof uploadsAt>;
beforeAll(async () => {
  api = await startApi({
    'default.image_size_cap': String(8 * 1024 * 1024), 'heliograph.upload_idle_seconds': '20', 'heliograph.removal_interval': '1',
    'heliograph.staging_expiry': '6', 'heliograph.staging_sweep_interval': '1',
  });
  demo = api.as('demo');
  at = uploadsAt(api, demo);
});
afterAll(() => api.stop());

const bytes = randomBytes(3_000_000);
const half = bytes.subarray(0, 1_700_000);
const rest = bytes.subarray(half.length);

describe('Stage binary image data in parts: PUT /v2/images/{image_id}/stage with Content-Range', () => {
  it('takes one part after another, says 308 and how far it is while something is missing, and 204 once all is staged', async () => {
    const id = await demo.image(formats);
    const first = await at.part(id, half, 0, bytes.length);
    expect([first.status, first.headers.get('range'), first.headers.get('upload-offset'), first.headers.get('upload-complete')]).toEqual([308, 'bytes=0-1699999', '1700000', '?0']);
    expect(new Date(first.headers.get('upload-expires') ?? '').getTime()).toBeGreaterThan(Date.now());
    expect(await at.show(id)).toMatchObject({ status: 'uploading', size: null });
    const last = await at.part(id, rest, half.length, bytes.length);
    expect([last.status, last.headers.get('upload-complete')]).toEqual([204, '?1']);
    expect(await at.show(id)).toMatchObject({ status: 'uploading', size: bytes.length });
  });

  it('is two commits in the history, however many parts there were, and imports to what was sent', async () => {
    const id = await demo.image(formats);
    for (let from = 0; from < bytes.length; from += 500_000) await at.part(id, bytes.subarray(from, from + 500_000), from, bytes.length);
    expect((await at.actions(id)).filter((action) => /Staging$/.test(action))).toEqual(['StartImageStaging', 'CompleteImageStaging']);
    expect((await demo.post(`/v2/images/${id}/import`, { body: { method: { name: 'glance-direct' } } })).status).toBe(202);
    expect(await at.becomes(id, 'active')).toMatchObject({ size: bytes.length, os_hash_value: createHash('sha512').update(bytes).digest('hex'), checksum: createHash('md5').update(bytes).digest('hex') });
    expect((await at.data(id)).equals(bytes)).toBe(true);
    expect(await eventually(() => at.stagedFiles(id), (files) => files.length === 0)).toEqual([]);
  });

  it('tells how far it is to HEAD, and to a part without bytes', async () => {
    const id = await demo.image(formats);
    expect(await at.offset(id)).toBe('0');
    await at.part(id, half, 0, bytes.length);
    const told = await demo.request('HEAD', at.stagePath(id));
    expect([told.status, told.headers.get('upload-offset'), told.headers.get('upload-length')]).toEqual([200, '1700000', '3000000']);
    const asked = await demo.put(at.stagePath(id), { headers: { 'content-range': `bytes */${bytes.length}` } });
    expect([asked.status, asked.headers.get('range')]).toEqual([308, 'bytes=0-1699999']);
    await at.part(id, rest, half.length, bytes.length);
    const done = await demo.put(at.stagePath(id), { headers: { 'content-range': 'bytes */*' } });
    expect([done.status, done.headers.get('upload-offset')]).toEqual([204, '3000000']);
  });

  it('learns the size with the last part where nobody knew it before', async () => {
    const id = await demo.image(formats);
    expect((await at.part(id, half, 0, '*')).status).toBe(308);
    expect((await at.part(id, rest, half.length, bytes.length)).status).toBe(204);
    expect(await at.show(id)).toMatchObject({ size: bytes.length });
  });

  it('refuses a part that leaves a gap, or that is there already, with 409 and the offset; nothing of it is kept', async () => {
    const id = await demo.image(formats);
    expect((await at.part(id, half, 5, bytes.length)).headers.get('upload-offset')).toBe('0');
    expect((await at.show(id))['status']).toBe('queued');
    await at.part(id, half, 0, bytes.length);
    for (const from of [0, 5, half.length - 1, half.length + 1]) {
      const refused = await at.part(id, bytes.subarray(0, 10), from, bytes.length);
      expect([refused.status, refused.headers.get('upload-offset')]).toEqual([409, '1700000']);
    }
    expect((await at.part(id, rest, half.length, bytes.length)).status).toBe(204);
  });

  it('refuses with 416 what is no range, what goes beyond the size, and another size than was announced', async () => {
    const id = await demo.image(formats);
    await at.part(id, half, 0, bytes.length);
    const refused = async (range: string, body: Uint8Array) => (await demo.put(at.stagePath(id), { body, headers: { 'content-type': 'application/octet-stream', 'content-range': range } })).status;
    expect(await refused('bytes 1700000-9/3000000', half)).toBe(416);
    expect(await refused('bytes 1700000-1700009/1700005', Buffer.alloc(10))).toBe(416);
    expect(await refused('bytes 1700000-1700009/4000000', Buffer.alloc(10))).toBe(416);
    expect(await refused('bytes 1700000-1700009/3000000', Buffer.alloc(11))).toBe(416);
    expect(await at.offset(id)).toBe('1700000');
  });

  it('keeps what had arrived when a connection breaks, and goes on from there', async () => {
    const id = await demo.image(formats);
    const sending = at.byHand('PUT', at.stagePath(id), { 'content-type': 'application/octet-stream', 'content-range': `bytes 0-2999999/3000000`, 'content-length': '3000000' });
    sending.write(half);
    await eventually(() => at.arrived(id), (arrived) => arrived === half.length);
    sending.destroy();
    const from = Number(await eventually(() => at.offset(id), (offset) => Number(offset) > 0));
    expect(from).toBeGreaterThan(0);
    expect((await at.part(id, bytes.subarray(from), from, bytes.length)).status).toBe(204);
    await demo.post(`/v2/images/${id}/import`, { body: { method: { name: 'glance-direct' } } });
    await at.becomes(id, 'active');
    expect((await at.data(id)).equals(bytes)).toBe(true);
  });

  it('lets whoever comes back take the place of a connection that hangs', async () => {
    const id = await demo.image(formats);
    const hanging = at.byHand('PUT', at.stagePath(id), { 'content-type': 'application/octet-stream', 'content-range': `bytes 0-2999999/3000000`, 'content-length': '3000000' });
    hanging.write(half);
    await eventually(() => at.arrived(id), (arrived) => arrived === half.length);
    expect(await at.offset(id)).toBe('1700000');
    expect((await at.part(id, rest, half.length, bytes.length)).status).toBe(204);
    hanging.destroy();
    expect(await at.show(id)).toMatchObject({ size: bytes.length });
  });

  it('keeps a part only with the checksum that came with it, by Upload-Checksum or Content-MD5', async () => {
    const id = await demo.image(formats);
    expect((await at.part(id, half, 0, bytes.length, { 'upload-checksum': `sha256 ${base64('sha256', half)}` })).status).toBe(308);
    expect((await at.part(id, rest, half.length, bytes.length, { 'content-md5': base64('md5', half) })).status).toBe(460);
    expect(await at.offset(id)).toBe('1700000');
    expect((await at.part(id, rest, half.length, bytes.length, { 'content-md5': base64('md5', rest) })).status).toBe(204);
  });

  it('holds image_size_cap over the sum of the parts, announced or not', async () => {
    const id = await demo.image(formats);
    expect((await at.part(id, half, 0, 9 * 1024 * 1024)).status).toBe(413);
    expect((await at.show(id))['status']).toBe('queued');
    const megabytes = Buffer.alloc(3 * 1024 * 1024);
    expect((await at.part(id, megabytes, 0, '*')).status).toBe(308);
    expect((await at.part(id, megabytes, megabytes.length, '*')).status).toBe(308);
    expect((await at.part(id, megabytes, 2 * megabytes.length, '*')).status).toBe(413);
    expect(await at.offset(id)).toBe(String(2 * megabytes.length));
  });

  it('takes an image without bytes', async () => {
    const id = await demo.image(formats);
    expect((await demo.put(at.stagePath(id), { headers: { 'content-range': 'bytes */0' } })).status).toBe(204);
    expect(await at.show(id)).toMatchObject({ status: 'uploading', size: 0 });
  });

  it('is for who may change the image: others learn nothing', async () => {
    const [hidden, open] = [await demo.image({ ...formats, visibility: 'private' }), await demo.image({ ...formats, visibility: 'community' })];
    await at.part(hidden, half, 0, bytes.length);
    const alt = uploadsAt(api, api.as('alt'));
    expect((await alt.part(hidden, rest, half.length, bytes.length)).status).toBe(404);
    expect((await api.as('alt').request('HEAD', at.stagePath(hidden))).status).toBe(404);
    expect((await api.as('alt').delete(at.stagePath(hidden))).status).toBe(404);
    expect((await alt.part(open, half, 0, bytes.length)).status).toBe(403);
    expect(await at.offset(hidden)).toBe('1700000');
  });

  it('is given up by DELETE, and its bytes are gone', async () => {
    const id = await demo.image(formats);
    await at.part(id, half, 0, bytes.length);
    expect((await demo.delete(at.stagePath(id))).status).toBe(204);
    expect(await at.show(id)).toMatchObject({ status: 'queued', size: null });
    expect(await eventually(() => at.stagedFiles(id), (files) => files.length === 0)).toEqual([]);
    expect((await at.part(id, half, 0, half.length)).status).toBe(204);
    expect((await demo.delete(at.stagePath(id))).status).toBe(204);
    expect(await at.show(id)).toMatchObject({ status: 'queued', size: null });
  });

  it('expires when nobody goes on with it, and not before', async () => {
    const [left, goesOn] = [await demo.image(formats), await demo.image(formats)];
    await at.part(left, half, 0, bytes.length);
    await at.part(goesOn, bytes.subarray(0, 1), 0, bytes.length);
    for (let from = 1; (await at.show(left))['status'] === 'uploading' && from < 60; from += 1) {
      await at.part(goesOn, bytes.subarray(from, from + 1), from, bytes.length);
      await pause(500);
    }
    expect(await at.show(left)).toMatchObject({ status: 'queued' });
    expect(await eventually(() => at.stagedFiles(left), (files) => files.length === 0)).toEqual([]);
    expect((await at.show(goesOn))['status']).toBe('uploading');
    expect((await at.actions(left)).slice(-3)).toContain('FailImageStaging');
  });

  it('goes when the image is deleted', async () => {
    const id = await demo.image(formats);
    await at.part(id, half, 0, bytes.length);
    expect((await demo.delete(`/v2/images/${id}`)).status).toBe(204);
    expect((await at.part(id, rest, half.length, bytes.length)).status).toBe(404);
    expect(await eventually(() => at.stagedFiles(id), (files) => files.length === 0)).toEqual([]);
  });

  it('stages in one go only while no upload is under way, and takes no part of what was', async () => {
    const id = await demo.image(formats);
    await at.part(id, half, 0, bytes.length);
    expect((await demo.put(at.stagePath(id), { body: 'all', headers: { 'content-type': 'application/octet-stream' } })).status).toBe(409);
    const other = await demo.image(formats);
    await demo.put(at.stagePath(other), { body: 'all of it', headers: { 'content-type': 'application/octet-stream' } });
    expect((await at.part(other, half, 0, bytes.length)).status).toBe(409);
  });
});
