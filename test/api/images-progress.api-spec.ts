import { once } from 'node:events';
import { request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { startApi, type Api, type Person } from './harness.js';

let api: Api;
let demo: Person;
let alt: Person;
beforeAll(async () => {
  api = await startApi({ 'heliograph.progress_listeners': '3', 'heliograph.progress_listeners_per_project': '2' });
  [demo, alt] = [api.as('demo'), api.as('alt')];
});
afterAll(() => api.stop());

interface Transfer { readonly id: string; readonly action: string; readonly step: string; readonly state: string; readonly bytes: number; readonly [name: string]: unknown }

const formats = { disk_format: 'raw', container_format: 'bare' };
const progressOf = (id: string) => `/v2/images/${id}/progress`;
const shown = async (id: string): Promise<readonly Transfer[]> => (await demo.get(progressOf(id))).json<{ progress: Transfer[] }>().progress;

async function until<Value>(ask: () => Promise<Value | undefined>): Promise<Value> {
  for (const giveUpAt = Date.now() + 50_000; Date.now() < giveUpAt; await pause(50)) {
    const value = await ask();
    if (value !== undefined) return value;
  }
  throw new Error('it did not come to pass');
}

/** An upload that sends as much as it is told, and waits. */
function slowUpload(id: string, totalBytes: number) {
  const request: ClientRequest = httpRequest(`${api.url}/v2/images/${id}/file`, {
    method: 'PUT', agent: false, headers: { 'x-auth-token': 'demo', 'content-type': 'application/octet-stream', 'content-length': totalBytes },
  });
  const status = new Promise<number>((resolve, reject) => {
    request.once('response', (response) => { response.resume(); resolve(response.statusCode ?? 0); });
    request.once('error', reject);
  });
  status.catch(() => {});
  return { status, send: (bytes: number) => { request.write(Buffer.alloc(bytes)); }, end: () => { request.end(); }, cut: () => { request.destroy(); } };
}

/** A client that listens, on a connection of its own; `text` grows with what it hears. */
async function listen(id: string, token = 'demo') {
  const request = httpRequest(api.url + progressOf(id), { agent: false, headers: { 'x-auth-token': token, accept: 'text/event-stream' } }).end();
  const [response] = await once(request, 'response') as [IncomingMessage];
  const heard = { text: '' };
  response.on('data', (chunk: Buffer) => { heard.text += chunk.toString(); });
  const ended = once(response, 'end');
  ended.catch(() => {});
  response.on('error', () => {});
  return { status: response.statusCode, type: response.headers['content-type'], heard, ended, leave: () => { request.destroy(); } };
}

describe('Show the progress of an image: GET /v2/images/{image_id}/progress', () => {
  it('is empty while nothing moves', async () => {
    const answer = await demo.get(progressOf(await demo.image(formats)));
    expect([answer.status, answer.json(), answer.headers.get('cache-control')]).toEqual([200, { progress: [] }, 'no-store']);
  });

  it('tells of an upload bytes, total, rate, step and time left, and how it ended; the history tells nothing of it', async () => {
    const id = await demo.image(formats);
    const upload = slowUpload(id, 1000);
    upload.send(250);
    const [running] = await until(async () => { const now = await shown(id); return now[0]?.bytes === 250 ? now : undefined; });
    expect(running).toMatchObject({
      action: 'upload', step: 'receiving', state: 'running', store: 'fast', task_id: null, total_bytes: 1000,
      bytes_per_second: expect.any(Number) as number, seconds_left: expect.any(Number) as number, started_at: expect.stringMatching(/Z$/) as string,
    });
    upload.send(750);
    upload.end();
    expect(await upload.status).toBe(204);
    const [ended] = await until(async () => { const now = await shown(id); return now[0]?.state === 'running' ? undefined : now; });
    expect(ended).toMatchObject({ id: running?.id, state: 'succeeded', bytes: 1000, seconds_left: 0 });
    const { history } = (await demo.get(`/v2/images/${id}/history`)).json<{ history: { events: string[] }[] }>();
    expect(history.flatMap(({ events }) => events)).toEqual(['ImageCreated', 'ImageDataUploadStarted', 'ImageDataInspected', 'ImageDataStored', 'ImageActivated']);
  });

  it('tells of an upload that failed', async () => {
    const id = await demo.image(formats);
    const upload = slowUpload(id, 1000);
    upload.send(10);
    await until(async () => (await shown(id))[0]);
    upload.cut();
    expect((await until(async () => { const now = await shown(id); return now[0]?.state === 'failed' ? now : undefined; }))[0]).toMatchObject({ bytes: 10 });
  });

  it('is for whoever may see the image, and for nobody else', async () => {
    const secret = await demo.image({ ...formats, visibility: 'private' });
    const upload = slowUpload(secret, 1000);
    upload.send(10);
    await until(async () => (await shown(secret))[0]);
    expect([(await alt.get(progressOf(secret))).status, (await api.as(undefined).get(progressOf(secret))).status]).toEqual([404, 401]);
    expect([(await api.as('demoReader').get(progressOf(secret))).status, (await api.as('admin').get(progressOf(secret))).status]).toEqual([200, 200]);
    expect((await alt.get(progressOf(secret), { headers: { accept: 'text/event-stream' } })).status).toBe(404);
    upload.cut();
    expect((await demo.get(progressOf('00000000-0000-4000-8000-000000000000'))).status).toBe(404);
  });
});

describe('Follow the progress of an image: the same with Accept: text/event-stream', () => {
  it('sends events with ids while bytes move, and ends by itself afterwards', async () => {
    const id = await demo.image(formats);
    const upload = slowUpload(id, 1000);
    upload.send(400);
    const listener = await listen(id);
    expect([listener.status, listener.type]).toEqual([200, 'text/event-stream; charset=utf-8']);
    await until(async () => (listener.heard.text.includes('"bytes":400') ? true : undefined));
    upload.send(600);
    upload.end();
    await listener.ended;
    const events = listener.heard.text.split('\n\n').filter((event) => event.startsWith('id: '));
    expect(events.map((event) => Number(/^id: (\d+)/.exec(event)?.[1]))).toEqual(events.map((_, at) => at + 1));
    expect(events.at(-2)).toMatch(/"state":"succeeded".*"bytes":1000/);
    expect(events.at(-1)).toMatch(/event: end/);
  });

  it('ends for who may not see the image any more', async () => {
    const id = await demo.image({ ...formats, visibility: 'community' });
    const upload = slowUpload(id, 1000);
    upload.send(10);
    await until(async () => (await shown(id))[0]);
    const listener = await listen(id, 'alt');
    expect((await demo.patch(`/v2/images/${id}`, { body: [{ op: 'replace', path: '/visibility', value: 'private' }] })).status).toBe(200);
    const sentAt = Date.now();
    await listener.ended;
    expect(listener.heard.text).toMatch(/event: end\ndata: {}\n\n$/);
    expect(Date.now() - sentAt).toBeLessThan(10_000);
    expect((await shown(id))[0]?.state).toBe('running');
    upload.cut();
  });

  it('takes a bounded number of listeners: 429 over that of a project, 503 over that of all', async () => {
    const id = await demo.image({ ...formats, visibility: 'community' });
    const upload = slowUpload(id, 1000);
    upload.send(10);
    await until(async () => (await shown(id))[0]);
    const listeners = [await listen(id), await listen(id)];
    const refused = await demo.get(progressOf(id), { headers: { accept: 'text/event-stream' } });
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '5']);
    listeners.push(await listen(id, 'alt'));
    expect((await api.as('third').get(progressOf(id), { headers: { accept: 'text/event-stream' } })).status).toBe(503);
    expect((await api.as('third').get(progressOf(id))).status).toBe(200);
    for (const listener of listeners) listener.leave();
    const again = await until(async () => { const next = await listen(id); return next.status === 200 ? next : undefined; });
    again.leave();
    upload.cut();
  });
});
