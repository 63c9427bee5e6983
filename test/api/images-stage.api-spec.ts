import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import { signCapability, type CapabilityClaims } from '#libs/contracts';
import { startApi, type Answer, type Api, type Person } from './harness.js';
import { eventually } from './imports.js';

let api: Api;
let demo: Person;
beforeAll(async () => {
  api = await startApi({
    'default.image_size_cap': String(8 * 1024 * 1024), 'heliograph.upload_idle_seconds': '4', 'heliograph.removal_interval': '1',
  });
  demo = api.as('demo');
  // The first transfer of a process starts its hashing threads; on a busy machine that can take longer than a client may be silent here.
  for (let tries = 0; tries < 10 && (await stage(await demo.image(formats))).status !== 204; tries += 1);
});
afterAll(() => api.stop());

const formats = { disk_format: 'raw', container_format: 'bare' };
const binary = { 'x-auth-token': 'demo', 'content-type': 'application/octet-stream' };
const pathOf = (id: string) => `/v2/images/${id}/stage`;
const stage = (id: string, body: unknown = 'twelve bytes', headers: Record<string, string> = {}, person = demo): Promise<Answer> =>
  person.put(pathOf(id), { body, headers: { 'content-type': 'application/octet-stream', ...headers } });
const show = async (id: string) => (await demo.get(`/v2/images/${id}`)).json();
const history = async (id: string) => (await demo.get(`/v2/images/${id}/history`)).json<{ history: { action: string; user_id: string; request_id: string; events?: unknown }[] }>().history;

/** Files of an image in the staging area, those that are still arriving too. */
const stagedFiles = async (id: string): Promise<string[]> =>
  (await readdir(api.stagingDir, { recursive: true })).filter((name) => name.includes(id) && name.endsWith('os_glance_staging_store'));

async function untilNoFilesOf(id: string): Promise<void> {
  expect(await eventually(() => stagedFiles(id), (files) => files.length === 0)).toEqual([]);
}

async function untilStatus(id: string, status: string): Promise<void> {
  expect((await eventually(() => show(id), (image) => image['status'] === status))['status']).toBe(status);
}

/** Staging whose bytes the specification sends by hand. */
function openStaging(id: string, headers: Record<string, string> = {}): ClientRequest {
  const staging = httpRequest(api.url + pathOf(id), { method: 'PUT', agent: false, headers: { ...binary, ...headers } });
  staging.on('error', () => {});
  return staging;
}

async function statusOf(staging: ClientRequest): Promise<number | undefined> {
  const [answer] = await once(staging, 'response') as [IncomingMessage];
  answer.resume();
  return answer.statusCode;
}

describe('Stage binary image data: PUT /v2/images/{image_id}/stage', () => {
  it('answers 204, and the data waits in the staging area: the image is uploading and has a size, and no data yet', async () => {
    const id = await demo.image(formats);
    const answer = await stage(id);
    expect([answer.status, answer.text]).toEqual([204, '']);
    expect(await show(id)).toMatchObject({ status: 'uploading', size: 12, checksum: null, os_hash_value: null });
    expect(await stagedFiles(id)).toHaveLength(1);
    expect((await demo.get(`/v2/images/${id}/file`)).status).toBe(204);
  });

  it('is recorded as what the caller did, with his request id', async () => {
    const id = await demo.image(formats);
    await stage(id, 'twelve bytes', { 'x-openstack-request-id': 'req-of-mine' });
    const entries = (await history(id)).filter(({ action }) => /Staging$/.test(action));
    expect(entries.map(({ action, user_id, request_id }) => [action, user_id, request_id]).toSorted()).toEqual([
      ['CompleteImageStaging', 'user-demo', 'req-of-mine'], ['StartImageStaging', 'user-demo', 'req-of-mine'],
    ]);
  });

  it('takes a chunked body without a length, and a body that is empty', async () => {
    const [chunked, empty] = [await demo.image(formats), await demo.image(formats)];
    const staging = openStaging(chunked);
    for (const part of ['one ', 'two ', 'three']) staging.write(part);
    staging.end();
    expect(await statusOf(staging)).toBe(204);
    expect((await show(chunked))['size']).toBe(13);
    expect((await stage(empty, '')).status).toBe(204);
    expect(await show(empty)).toMatchObject({ status: 'uploading', size: 0 });
  });

  it('refuses another media type with 415, an image without formats with 400, and one that is not there with 404', async () => {
    const id = await demo.image(formats);
    expect((await stage(id, '{}', { 'content-type': 'application/json' })).status).toBe(415);
    expect((await stage(await demo.image())).status).toBe(400);
    expect((await stage(randomUUID())).status).toBe(404);
    expect((await show(id))['status']).toBe('queued');
  });

  it('refuses a caller without a token with 401, who may not see the image with 404, and who may only see it with 403', async () => {
    const [hidden, open] = [await demo.image({ ...formats, visibility: 'private' }), await demo.image({ ...formats, visibility: 'community' })];
    expect((await stage(hidden, 'bytes', {}, api.as(undefined))).status).toBe(401);
    expect((await stage(hidden, 'bytes', {}, api.as('alt'))).status).toBe(404);
    expect((await stage(open, 'bytes', {}, api.as('alt'))).status).toBe(403);
    expect((await show(open))['status']).toBe('queued');
  });

  it('refuses a second stage with 409, while the first is under way and after it', async () => {
    const id = await demo.image(formats);
    const first = openStaging(id);
    first.write('some');
    await untilStatus(id, 'uploading');
    expect((await stage(id, 'other')).status).toBe(409);
    first.end(' bytes');
    expect(await statusOf(first)).toBe(204);
    expect((await stage(id, 'other')).status).toBe(409);
    expect(await show(id)).toMatchObject({ status: 'uploading', size: 10 });
  });

  it('lets one of many that stage at once win, and refuses the others with 409', async () => {
    const id = await demo.image(formats);
    const answers = await Promise.all(Array.from({ length: 6 }, (_, index) => stage(id, 'x'.repeat(index + 1))));
    expect(answers.map(({ status }) => status).toSorted()).toEqual([204, 409, 409, 409, 409, 409]);
    expect((await show(id))['size']).toBe(answers.findIndex(({ status }) => status === 204) + 1);
    expect(await eventually(() => stagedFiles(id), (files) => files.length === 1)).toHaveLength(1);
  });

  it('refuses an active image with 409, and direct upload to one that is staged with 409', async () => {
    expect((await stage(await demo.activeImage())).status).toBe(409);
    const id = await demo.image(formats);
    await stage(id);
    expect((await demo.upload(id, 'bytes')).status).toBe(409);
  });

  it('refuses a size that is no number or not kept with 400, queues the image again, and takes it then', async () => {
    const id = await demo.image(formats);
    expect((await stage(id, 'bytes', { 'x-openstack-image-size': 'five' })).status).toBe(400);
    expect((await stage(id, 'bytes', { 'x-openstack-image-size': '9' })).status).toBe(400);
    expect(await show(id)).toMatchObject({ status: 'queued', size: null });
    await untilNoFilesOf(id);
    expect((await stage(id, 'bytes', { 'x-openstack-image-size': '5' })).status).toBe(204);
  });

  it('refuses more than image_size_cap with 413, at the announcement and in mid-stream, and keeps nothing', async () => {
    const id = await demo.image(formats);
    const announced = openStaging(id, { 'content-length': String(9 * 1024 * 1024) });
    announced.flushHeaders();
    expect(await statusOf(announced)).toBe(413);
    announced.destroy();
    const streamed = openStaging(id);
    const answered = statusOf(streamed);
    for (let block = 0; block < 9; block += 1) streamed.write(Buffer.alloc(1024 * 1024));
    expect(await answered).toBe(413);
    streamed.destroy();
    expect((await show(id))['status']).toBe('queued');
    await untilNoFilesOf(id);
  });

  it('queues the image again when the client hangs up, leaves no bytes, and takes the next', async () => {
    const id = await demo.image(formats);
    const staging = openStaging(id);
    staging.write(Buffer.alloc(300_000));
    await untilStatus(id, 'uploading');
    staging.destroy();
    await untilStatus(id, 'queued');
    await untilNoFilesOf(id);
    expect((await stage(id, 'again')).status).toBe(204);
  });

  it('queues the image again when the client falls silent, and tells him with 400', async () => {
    const id = await demo.image(formats);
    const staging = openStaging(id);
    staging.write('a few bytes');
    expect(await statusOf(staging)).toBe(400);
    expect((await show(id))['status']).toBe('queued');
    await untilNoFilesOf(id);
  });

  it('answers 410 when the image is deleted meanwhile, and leaves no bytes', async () => {
    const id = await demo.image(formats);
    const staging = openStaging(id);
    staging.write('some');
    await untilStatus(id, 'uploading');
    expect((await demo.delete(`/v2/images/${id}`)).status).toBe(204);
    staging.end(' bytes');
    expect(await statusOf(staging)).toBe(410);
    await untilNoFilesOf(id);
  });

  it('takes the staged data of an image that is deleted out of the staging area', async () => {
    const id = await demo.image(formats);
    await stage(id);
    expect((await demo.delete(`/v2/images/${id}`)).status).toBe(204);
    await untilNoFilesOf(id);
  });

  it('answers a repetition with the same Idempotency-Key as the first, and changes nothing', async () => {
    const id = await demo.image(formats);
    const headers = { 'idempotency-key': `stage of ${id}` };
    expect((await stage(id, 'bytes', headers)).status).toBe(204);
    const { updated_at } = await show(id);
    expect((await stage(id, 'bytes', headers)).status).toBe(204);
    expect(await show(id)).toMatchObject({ status: 'uploading', size: 5, updated_at });
    expect(await stagedFiles(id)).toHaveLength(1);
  });
});

describe('Transfers between services: /transfers/{capability}', () => {
  const claims = (more: Partial<CapabilityClaims> = {}): CapabilityClaims => ({
    may: 'read', imageId: randomUUID(), attemptId: randomUUID(), expiresAt: new Date(Date.now() + 60_000), requestId: 'req-test',
    actor: { userId: 'service:importer', authMethod: 'service' }, ...more,
  });
  const at = (capability: string, init: RequestInit = {}) => fetch(`${api.stagingUrl}/transfers/${capability}`, init);
  const signed = (more: Partial<CapabilityClaims>) => signCapability(api.capabilityKey, claims(more));

  async function staged(bytes: Buffer): Promise<{ imageId: string; attemptId: string }> {
    const imageId = await demo.image(formats);
    const staging = openStaging(imageId);
    staging.end(bytes);
    expect(await statusOf(staging)).toBe(204);
    const [file = ''] = await stagedFiles(imageId);
    return { imageId, attemptId: file.split('/')[1] ?? '' };
  }

  it('give staged data whole and in part, to who was given the capability', async () => {
    const bytes = randomBytes(3 * 1024 * 1024 + 17);
    const capability = signed(await staged(bytes));
    const whole = await at(capability);
    expect([whole.status, whole.headers.get('content-length'), whole.headers.get('accept-ranges')]).toEqual([200, String(bytes.length), 'bytes']);
    expect(Buffer.from(await whole.arrayBuffer()).equals(bytes)).toBe(true);
    const part = await at(capability, { headers: { range: 'bytes=1048570-1048590' } });
    expect([part.status, part.headers.get('content-range')]).toEqual([206, `bytes 1048570-1048590/${bytes.length}`]);
    expect(Buffer.from(await part.arrayBuffer()).equals(bytes.subarray(1_048_570, 1_048_591))).toBe(true);
  });

  it('say that data is not there with 404 and that a range lies outside of it with 416', async () => {
    const missing = await at(signed({}));
    expect([missing.status, await missing.json()]).toEqual([404, { problem: { code: 'ImageDataNotFound', params: expect.anything() } }]);
    const outside = await at(signed(await staged(Buffer.from('bytes'))), { headers: { range: 'bytes=5-' } });
    expect([outside.status, ((await outside.json()) as { problem: { code: string } }).problem.code]).toEqual([416, 'RangeNotSatisfiable']);
  });

  it('are refused without a capability of ours that is for this and has not expired', async () => {
    const of = await staged(Buffer.from('bytes'));
    const good = signed(of);
    const refused = [
      'no-capability', `${good}x`, signCapability('another key that is long enough to be one', claims(of)),
      signed({ ...of, may: 'stage' }), signed({ ...of, expiresAt: new Date(Date.now() - 1) }),
    ];
    for (const capability of refused) expect((await at(capability)).status).toBe(403);
    expect((await at(good, { method: 'PUT', body: 'other', headers: { 'content-type': 'application/octet-stream' } })).status).toBe(403);
    expect((await fetch(api.stagingUrl)).status).toBe(404);
    expect(await (await at(good)).text()).toBe('bytes');
  });

  it('take no more data than the capability allows', async () => {
    const imageId = await demo.image(formats);
    const answer = await at(signed({ may: 'stage', imageId, limitBytes: 3 }), { method: 'PUT', body: 'four', headers: { 'content-type': 'application/octet-stream' } });
    expect(await answer.json()).toEqual({ problem: { code: 'ImageTooLarge', params: { limitBytes: 3 } } });
    expect((await show(imageId))['status']).toBe('queued');
    await untilNoFilesOf(imageId);
  });
});
