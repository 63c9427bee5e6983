import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { startApi, type Api, type Person } from './harness.js';
import { eventually } from './imports.js';
import { noteAnswer } from './note-answers.js';

let api: Api;
let demo: Person;
beforeAll(async () => {
  api = await startApi({ 'default.image_size_cap': String(8 * 1024 * 1024), 'heliograph.upload_idle_seconds': '1' });
  demo = api.as('demo');
});
afterAll(() => api.stop());

const formats = { disk_format: 'raw', container_format: 'bare' };
const token = { 'x-auth-token': 'demo' };
const binary = { ...token, 'content-type': 'application/octet-stream' };

async function put(imageId: string, body: ReadableStream | Buffer | string, headers: Record<string, string> = {}): Promise<number> {
  const response = await fetch(`${api.url}/v2/images/${imageId}/file`, {
    method: 'PUT', headers: { ...binary, ...headers }, body, ...(body instanceof ReadableStream ? { duplex: 'half' } : {}),
  } as RequestInit);
  await response.text();
  return response.status;
}

async function get(imageId: string, headers: Record<string, string> = {}): Promise<Buffer> {
  const response = await fetch(`${api.url}/v2/images/${imageId}/file`, { headers: { ...token, ...headers } });
  return Buffer.from(await response.arrayBuffer());
}

const show = async (id: string) => (await demo.get(`/v2/images/${id}`)).json();
const filesOf = async (id: string): Promise<string[]> => (await readdir(api.imagesDir, { recursive: true })).filter((name) => name.includes(id));

/** Bytes are removed after the event, by nobody whom a client waits for. */
async function untilNoFilesOf(id: string): Promise<void> {
  expect(await eventually(() => filesOf(id), (files) => files.length === 0)).toEqual([]);
}

async function untilStatus(id: string, status: string): Promise<void> {
  expect((await eventually(() => show(id), (image) => image['status'] === status))['status']).toBe(status);
}

/** An upload whose bytes the specification sends by hand. */
function openUpload(id: string, headers: Record<string, string> = {}): ClientRequest {
  const upload = httpRequest(`${api.url}/v2/images/${id}/file`, { method: 'PUT', agent: false, headers: { ...binary, ...headers } });
  upload.on('error', () => {});
  return upload;
}

async function statusOf(upload: ClientRequest): Promise<number | undefined> {
  const [answer] = await once(upload, 'response') as [IncomingMessage];
  answer.resume();
  noteAnswer(upload.method, upload.path, answer.statusCode ?? 0);
  return answer.statusCode;
}

describe('Upload binary image data: PUT /v2/images/{image_id}/file, as bytes come', () => {
  it('takes a chunked body without a length', async () => {
    const id = await demo.image(formats);
    const body = new ReadableStream({ start(controller) { for (const part of ['one ', 'two ', 'three']) controller.enqueue(Buffer.from(part)); controller.close(); } });
    expect(await put(id, body)).toBe(204);
    expect((await get(id)).toString()).toBe('one two three');
  });

  it('gives back megabytes as they were sent, whole and in parts that cross its blocks', async () => {
    const bytes = randomBytes(3 * 1024 * 1024 + 17);
    const id = await demo.image(formats);
    expect(await put(id, bytes)).toBe(204);
    expect((await get(id)).equals(bytes)).toBe(true);
    for (const [start, end] of [[1_048_570, 1_048_590], [0, 2_097_152], [3_145_740, 3_145_744]] as const) {
      expect((await get(id, { range: `bytes=${start}-${end}` })).equals(bytes.subarray(start, end + 1))).toBe(true);
    }
  });

  it('refuses a second upload while the first is under way with 409, and the first goes on', async () => {
    const id = await demo.image(formats);
    const first = openUpload(id);
    first.write('some');
    await untilStatus(id, 'saving');
    expect(await put(id, 'other')).toBe(409);
    first.end(' bytes');
    expect(await statusOf(first)).toBe(204);
    expect((await get(id)).toString()).toBe('some bytes');
  });

  it('refuses fewer bytes than were announced with 400, queues the image again, and keeps none of them', async () => {
    const id = await demo.image(formats);
    expect(await put(id, 'bytes', { 'x-openstack-image-size': '9' })).toBe(400);
    expect(await show(id)).toMatchObject({ status: 'queued', size: null });
    await untilNoFilesOf(id);
  });

  it('refuses an announcement that is no number with 400, and takes the right one', async () => {
    const id = await demo.image(formats);
    expect(await put(id, 'bytes', { 'x-openstack-image-size': 'five' })).toBe(400);
    expect(await put(id, 'bytes', { 'x-openstack-image-size': '5' })).toBe(204);
  });

  it.each([
    ['fewer', '9', ['by', 'tes'], 400], ['more', '3', ['by', 'tes'], 400], ['as many', '5', ['by', 'tes'], 204], ['none of none', '0', [], 204], ['some where none were known', '0', ['bytes'], 204],
  ])('holds a chunked body to what was announced: %s', async (_, announced, parts, status) => {
    const id = await demo.image(formats);
    const upload = openUpload(id, { 'x-openstack-image-size': announced, 'transfer-encoding': 'chunked' });
    const answered = statusOf(upload);
    for (const part of parts) {
      upload.write(part);
      await pause(30);
    }
    upload.end();
    expect(await answered).toBe(status);
    expect(await show(id)).toMatchObject(status === 204 ? { status: 'active', size: parts.join('').length } : { status: 'queued', size: null });
    if (status !== 204) await untilNoFilesOf(id);
  });

  it('holds a length to what was announced beside it, both ways', async () => {
    const id = await demo.image(formats);
    for (const announced of ['4', '6']) expect(await put(id, 'bytes', { 'x-openstack-image-size': announced })).toBe(400);
    expect((await show(id))['status']).toBe('queued');
  });

  it('takes what a slow client sends byte by byte, and what comes in odd pieces', async () => {
    const id = await demo.image(formats);
    const bytes = randomBytes(300_011);
    const upload = openUpload(id);
    const answered = statusOf(upload);
    for (let at = 0; at < 12; at += 1) {
      upload.write(bytes.subarray(at, at + 1));
      await pause(25);
    }
    for (let at = 12, piece = 1; at < bytes.length; at += piece, piece = piece * 3 % 65_537) upload.write(bytes.subarray(at, at + piece));
    upload.end();
    expect(await answered).toBe(204);
    expect((await get(id)).equals(bytes)).toBe(true);
  });

  it('refuses more than image_size_cap with 413 at the announcement, before a byte was sent', async () => {
    const id = await demo.image(formats);
    const upload = openUpload(id, { 'content-length': String(9 * 1024 * 1024) });
    upload.flushHeaders();
    expect(await statusOf(upload)).toBe(413);
    upload.destroy();
    expect((await show(id))['status']).toBe('queued');
  });

  it('refuses more than image_size_cap with 413 in mid-stream, and keeps nothing', async () => {
    const id = await demo.image(formats);
    const block = Buffer.alloc(1024 * 1024);
    let left = 9;
    const body = new ReadableStream({ pull(controller) { if (left > 0) controller.enqueue(block); else controller.close(); left -= 1; } });
    expect(await put(id, body)).toBe(413);
    expect((await show(id))['status']).toBe('queued');
    await untilNoFilesOf(id);
  });

  it('queues the image again when the client hangs up, leaves no bytes, and takes the next upload', async () => {
    const id = await demo.image(formats);
    const upload = openUpload(id);
    upload.write(Buffer.alloc(300_000));
    await untilStatus(id, 'saving');
    upload.destroy();
    await untilStatus(id, 'queued');
    await untilNoFilesOf(id);
    expect(await put(id, 'again')).toBe(204);
  });

  it('queues the image again when the client falls silent, and tells him', async () => {
    const id = await demo.image(formats);
    const upload = openUpload(id);
    upload.write('a few bytes');
    expect(await statusOf(upload)).toBe(400);
    expect((await show(id))['status']).toBe('queued');
    await untilNoFilesOf(id);
  });

  it('answers 410 when the image is deleted meanwhile, and leaves no bytes', async () => {
    const id = await demo.image(formats);
    const upload = openUpload(id);
    upload.write('some');
    await untilStatus(id, 'saving');
    expect((await demo.delete(`/v2/images/${id}`)).status).toBe(204);
    upload.end(' bytes');
    expect(await statusOf(upload)).toBe(410);
    await untilNoFilesOf(id);
  });

  it('answers a repetition with the same Idempotency-Key as the first, and changes nothing', async () => {
    const id = await demo.image(formats);
    const headers = { 'idempotency-key': `upload of ${id}` };
    expect(await put(id, 'bytes', headers)).toBe(204);
    const { updated_at } = await show(id);
    expect(await put(id, 'bytes', headers)).toBe(204);
    expect((await show(id))['updated_at']).toBe(updated_at);
  });
});

describe('Delete image: DELETE /v2/images/{image_id}, with data', () => {
  it('takes the data out of the store, after the answer', async () => {
    const id = await demo.activeImage('bytes');
    expect((await filesOf(id)).length).toBeGreaterThan(0);
    expect((await demo.delete(`/v2/images/${id}`)).status).toBe(204);
    await untilNoFilesOf(id);
  });
});
