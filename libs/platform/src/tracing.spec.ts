import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createLogger, currentRequestId, requestContext } from './logging.js';
import { openTracing } from './open-tracing.js';
import { inSameTrace, noTracing, traceHeaders, withRequestId, withTrace, type Tracing } from './tracing.js';

const logger = createLogger({ service: 'gateway', region: 'RegionTest', level: 'fatal' });
const opened: Tracing[] = [];
async function open(env: NodeJS.ProcessEnv): Promise<Tracing> {
  const tracing = await openTracing({ service: 'gateway', region: 'RegionTest', logger }, env);
  opened.push(tracing);
  return tracing;
}

describe('Tracing', () => {
  const collector = createServer((_, response) => { response.end('{}'); });
  const endpoint = process.env['OTEL_EXPORTER_OTLP_ENDPOINT'];
  beforeAll(async () => {
    collector.listen(0, '127.0.0.1');
    await once(collector, 'listening');
    process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`;
  });
  afterAll(async () => {
    await Promise.all(opened.map((tracing) => tracing.close()));
    if (endpoint === undefined) delete process.env['OTEL_EXPORTER_OTLP_ENDPOINT'];
    else process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] = endpoint;
    collector.closeAllConnections();
    collector.close();
  });

  it('is off where no collector is named, or the operator says so', async () => {
    const named = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' };
    for (const env of [{}, { ...named, OTEL_SDK_DISABLED: 'true' }, { ...named, OTEL_TRACES_EXPORTER: 'none' }, { OTEL_EXPORTER_OTLP_ENDPOINT: '' }]) {
      expect(await open(env)).toBe(noTracing);
    }
  });

  it('is on where a collector is named; what fails in a span fails as it would without', async () => {
    const tracing = await open({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' });
    expect(await tracing.inSpan('work', {}, () => Promise.resolve(traceHeaders().traceparent))).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
    await expect(tracing.inSpan('work', {}, () => Promise.reject(new TypeError('as it was')))).rejects.toThrow('as it was');
  });

  it('samples as the standard variables say, and as who asks has decided', async () => {
    const named = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' };
    const sampled = async (env: NodeJS.ProcessEnv, parent?: string) => (await open({ ...named, ...env })).begin('work', { parent }).traceparent?.slice(-2);
    expect(await sampled({ OTEL_TRACES_SAMPLER: 'always_off' })).toBe('00');
    expect(await sampled({ OTEL_TRACES_SAMPLER: 'parentbased_traceidratio', OTEL_TRACES_SAMPLER_ARG: '0' })).toBe('00');
    expect(await sampled({ OTEL_TRACES_SAMPLER: 'parentbased_traceidratio', OTEL_TRACES_SAMPLER_ARG: '0' }, '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01')).toBe('01');
    expect(await sampled({}, '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00')).toBe('00');
  });

  it('goes on from who asked, and from nobody where the header is none', async () => {
    const tracing = await open({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' });
    const traceOf = (parent: string) => tracing.begin('work', { parent }).traceparent?.slice(3, 35);
    expect(traceOf('00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01')).toBe('4bf92f3577b34da6a3ce929d0e0e4736');
    for (const none of ['', 'nonsense', `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`, '00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01']) {
      expect(traceOf(none)).not.toContain('4bf92f3577b34da6a3ce929d0e0e473');
    }
  });

  it('makes no trace of what nobody traces', async () => {
    const tracing = await open({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' });
    const [parent, current] = ['00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01', () => Promise.resolve(traceHeaders().traceparent)];
    expect(await inSameTrace(tracing, 'ask', {}, current)).toBeUndefined();
    expect(await inSameTrace(tracing, 'answer', { parent: '' }, current)).toBeUndefined();
    expect(await inSameTrace(tracing, 'answer', { parent }, current)).toContain('4bf92f3577b34da6a3ce929d0e0e4736');
    expect(await withTrace({ traceparent: parent }, () => inSameTrace(tracing, 'ask', {}, current))).toContain('4bf92f3577b34da6a3ce929d0e0e4736');
  });

  it('keeps request id and trace beside each other', () => {
    requestContext.run({ requestId: 'one' }, () => withTrace({ traceparent: 'a trace' }, () => withRequestId('two', () => {
      expect([currentRequestId(), traceHeaders()]).toEqual(['two', { traceparent: 'a trace' }]);
    })));
    expect([currentRequestId(), traceHeaders()]).toEqual([undefined, {}]);
  });
});
