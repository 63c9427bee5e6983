import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { startApi, type Api, type Person } from './harness.js';
import { eventually, importsAt } from './imports.js';
import { startWebServer, type WebServer } from './web-server.js';

interface Attribute { readonly key: string; readonly value: Readonly<Record<string, unknown>> }
interface Sent { readonly name: string; readonly traceId: string; readonly spanId: string; readonly parentSpanId?: string; readonly attributes: readonly Attribute[] }
interface Export { readonly resourceSpans: readonly { readonly resource: { readonly attributes: readonly Attribute[] }; readonly scopeSpans: readonly { readonly spans: readonly Sent[] }[] }[] }
interface Span extends Sent { readonly service: string }

/** What a collector takes at /v1/traces. */
async function startCollector() {
  const bodies: string[] = [];
  const server: Server = createServer((request, response) => {
    let text = '';
    request.setEncoding('utf8').on('data', (chunk: string) => { text += chunk; }).on('end', () => {
      if (request.url === '/v1/traces') bodies.push(text);
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const spans = (): Span[] => bodies.flatMap((body) => (JSON.parse(body) as Export).resourceSpans).flatMap(({ resource, scopeSpans }) => {
    const service = String(resource.attributes.find(({ key }) => key === 'service.name')?.value['stringValue']);
    return scopeSpans.flatMap((scope) => scope.spans.map((span) => ({ ...span, service })));
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, bodies, spans,
    close: () => new Promise((resolve) => { server.close(resolve); server.closeAllConnections(); }),
  };
}

describe('Traces', () => {
  let collector: Awaited<ReturnType<typeof startCollector>>;
  let web: WebServer;
  let api: Api;
  let demo: Person;
  const before = { ...process.env };
  beforeAll(async () => {
    [collector, web] = [await startCollector(), await startWebServer()];
    Object.assign(process.env, { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_BSP_SCHEDULE_DELAY: '50' });
    api = await startApi({ 'import_filtering_opts.allowed_hosts': '127.0.0.1', 'import_filtering_opts.allowed_ports': `[${web.port}]` });
    demo = api.as('demo');
  });
  afterAll(async () => {
    await api.stop();
    await Promise.all([web.close(), collector.close()]);
    for (const name of ['OTEL_EXPORTER_OTLP_ENDPOINT', 'OTEL_BSP_SCHEDULE_DELAY']) {
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
    }
  });

  const formats = { disk_format: 'raw', container_format: 'bare', name: 'a-name-of-my-own' };
  const ofTrace = (traceId: string): Span[] => collector.spans().filter((span) => span.traceId === traceId);
  const from = (traceId: string) => ({ traceparent: `00-${traceId}-00f067aa0ba902b7-01`, tracestate: 'vendor=a-state-of-my-own', baggage: 'user=a-word-of-my-own' });
  const named = (spans: readonly Span[]): string[] => [...new Set(spans.map(({ service, name }) => `${service} ${name.replace(/(ask|answer) (do|ask)\.[^.]+\./, '$1 $2.')}`))];
  /** That every span hangs on another one of the trace, or on the one that the client named. */
  const isWhole = (spans: readonly Span[]): boolean => spans.every(({ parentSpanId }) => parentSpanId === '00f067aa0ba902b7' || spans.some(({ spanId }) => spanId === parentSpanId));

  /** The trace, once this span of it and all that it hangs on have come. */
  const arrived = (traceId: string, name: string): Promise<Span[]> =>
    eventually(() => Promise.resolve(ofTrace(traceId)), (spans) => spans.some((span) => span.name === name) && isWhole(spans));

  it('lead one upload through gateway and catalog, from the trace that the client names', async () => {
    const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
    const id = await demo.image(formats);
    expect((await demo.upload(id, 'twelve bytes', from(traceId))).status).toBe(204);
    const spans = await arrived(traceId, 'PUT /v2/images/:imageId/file');
    expect(named(spans)).toEqual(expect.arrayContaining([
      'heliograph-gateway PUT /v2/images/:imageId/file', 'heliograph-gateway transfer', 'heliograph-gateway ask do.image', 'heliograph-catalog answer do.image', 'heliograph-catalog append', 'heliograph-catalog project',
    ]));
  });

  it('lead one import through gateway, catalog and importer, over the log', async () => {
    const traceId = '4bf92f3577b34da6a3ce929d0e0e4737';
    web.serve('/image?signature=a-secret-of-my-own', Buffer.from('twelve bytes'));
    const id = await demo.image(formats);
    const method = { name: 'web-download', uri: `${web.url}/image?signature=a-secret-of-my-own` };
    expect((await demo.post(`/v2/images/${id}/import`, { body: { method }, headers: from(traceId) })).status).toBe(202);
    expect(await importsAt(api).ended(id)).toMatchObject({ status: 'success' });
    const spans = await arrived(traceId, 'import');
    expect(named(spans)).toEqual(expect.arrayContaining([
      'heliograph-gateway POST /v2/images/:imageId/import', 'heliograph-catalog append', 'heliograph-importer import', 'heliograph-importer bring to store', 'heliograph-importer ask do.image',
    ]));
    expect(web.asked).toEqual(['/image?signature=a-secret-of-my-own']);
  });

  it('lead data that is staged through gateway, staging and catalog', async () => {
    const traceId = '4bf92f3577b34da6a3ce929d0e0e4738';
    const id = await demo.image(formats);
    expect((await demo.put(`/v2/images/${id}/stage`, { body: 'twelve bytes', headers: { ...from(traceId), 'content-type': 'application/octet-stream' } })).status).toBe(204);
    const spans = await arrived(traceId, 'PUT /v2/images/:imageId/stage');
    expect(named(spans)).toEqual(expect.arrayContaining(['heliograph-staging PUT /transfers/:capability', 'heliograph-staging ask do.image']));
  });

  it('name a refusal by its code, and go on from no header that is none', async () => {
    await demo.get('/v2/images/11111111-2222-4333-8444-555555555555/history', { headers: { traceparent: '00-nonsense-a-word-of-my-own' } });
    await eventually(() => Promise.resolve(collector.spans()), (spans) => spans.some(({ attributes }) => attributes.some(({ key, value }) => key === 'error.type' && value['stringValue'] === 'ImageNotFound')));
  });

  it('hold no token, no query of a URI, no capability, no name and no person, whatever a request holds', async () => {
    await demo.get('/v2/images?name=a-name-of-my-own&owner=a-word-of-my-own');
    await pause(300);
    const sent = collector.bodies.join('\n');
    expect(sent.length).toBeGreaterThan(10_000);
    expect(['demo', 'a-secret-of-my-own', 'a-state-of-my-own', 'a-word-of-my-own', 'a-name-of-my-own', web.url, 'eyJ'].filter((secret) => sent.includes(secret))).toEqual([]);
  });
});
