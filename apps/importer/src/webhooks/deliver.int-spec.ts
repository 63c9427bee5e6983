import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { sealTarget, signedHeaders, type AuditEvent, type WebhookWork } from '#libs/contracts';
import { addressRules, defaultUriFilterOptions, uriFilter, type Reach } from '#libs/download';
import { deliver, type DeliveryParts } from './deliver.js';

const sealKey = 'k'.repeat(32);
const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const at = new Date('2026-01-01T00:00:00Z');
const event = (id: string): AuditEvent => ({ specversion: '1.0', id, type: 'ImageActivated' }) as AuditEvent;
const never = new AbortController().signal;

describe('Delivering events to a receiver', () => {
  let server: Server;
  let port: number;
  let answers: [number, Record<string, string>?][] = [];
  const heard: { path: string; body: string; headers: IncomingHttpHeaders }[] = [];
  beforeAll(async () => {
    server = createServer((request, response) => {
      let body = '';
      request.setEncoding('utf8').on('data', (text: string) => { body += text; }).on('end', () => {
        heard.push({ path: `${request.method} ${request.url}`, body, headers: request.headers });
        const [status, headers = {}] = answers.shift() ?? [204];
        response.writeHead(status, headers).end();
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    ({ port } = server.address() as AddressInfo);
  });
  afterAll(() => { server.close(); });
  beforeEach(() => { heard.length = 0; answers = []; });

  const reach = (allowedNetworks: string[], more: Partial<Reach> = {}): Reach => ({ filter: uriFilter({ ...defaultUriFilterOptions, allowedPorts: [port] }), addressRules: addressRules({ allowedNetworks }), ...more });
  const parts = (more: Partial<DeliveryParts> = {}): DeliveryParts => ({ sealKey, timeoutMs: 5000, clock: () => at, reach: reach(['127.0.0.0/8']), ...more });
  const work = (url: string, ...ids: string[]): WebhookWork => ({ id: 'one', sealed: sealTarget(sealKey, 'one', { url, secret }), events: ids.map(event), isAgain: false });
  const here = (): string => `http://127.0.0.1:${port}/hook?token=mine`;

  it('posts each as a CloudEvent, in their order, with the signature of its bytes', async () => {
    expect(await deliver(work(here(), '1-0', '2-0'), parts(), never)).toEqual([{ eventId: '1-0', statusCode: 204, reason: '' }, { eventId: '2-0', statusCode: 204, reason: '' }]);
    expect(heard.map(({ path, body }) => [path, JSON.parse(body)])).toEqual([['POST /hook?token=mine', event('1-0')], ['POST /hook?token=mine', event('2-0')]]);
    const [{ headers, body } = { headers: {}, body: '' }] = heard;
    expect(headers).toMatchObject({ 'content-type': 'application/cloudevents+json; charset=utf-8', ...signedHeaders(secret, { id: 'msg_one_1-0', at, body }) });
  });

  it('stops at the first that is not taken', async () => {
    answers = [[204], [500]];
    expect(await deliver(work(here(), '1-0', '2-0', '3-0'), parts(), never)).toEqual([{ eventId: '1-0', statusCode: 204, reason: '' }, { eventId: '2-0', statusCode: 500, reason: 'The receiver answered 500.' }]);
    expect(heard).toHaveLength(2);
  });

  it('tells of each attempt what became of it', async () => {
    const told: string[] = [];
    const noting = parts({ onAttempt: (outcome, seconds) => { told.push(`${outcome} in less than ${Math.ceil(seconds / 60)} minute`); } });
    answers = [[204], [500]];
    await deliver(work(here(), '1-0', '2-0'), noting, never);
    await deliver(work('http://127.0.0.1:1/', '3-0'), noting, never);
    expect(told).toEqual(['taken in less than 1 minute', 'refused in less than 1 minute', 'unanswered in less than 1 minute']);
  });

  it('follows no redirect', async () => {
    answers = [[307, { location: '/elsewhere' }]];
    expect(await deliver(work(here(), '1-0'), parts(), never)).toEqual([{ eventId: '1-0', statusCode: 307, reason: 'The receiver answered 307.' }]);
    expect(heard).toHaveLength(1);
  });

  it('goes to no private address, whatever its name says by now', async () => {
    const renamed = reach([], { resolve: () => Promise.resolve(['127.0.0.1']) });
    for (const url of [here(), `http://receiver.example.org:${port}/hook`, `http://[::ffff:127.0.0.1]:${port}/`]) {
      const [outcome] = await deliver(work(url, '1-0'), parts({ reach: renamed }), never);
      expect(outcome).toMatchObject({ statusCode: null });
      expect(outcome?.reason).not.toContain('mine');
    }
    expect(heard).toEqual([]);
  });

  it('sends nothing where the secret was sealed with another key', async () => {
    expect(await deliver(work(here(), '1-0'), parts({ sealKey: 'another'.repeat(8) }), never)).toEqual([{ eventId: '1-0', statusCode: null, reason: expect.stringContaining('heliograph.seal_key') as string }]);
    expect(heard).toEqual([]);
  });
});
