import { Registry } from 'prom-client';
import { createMetrics, createReadiness, serveOperations, type Operations } from './index.js';

describe('readiness', () => {
  it('is given while every dependency works', async () => {
    const readiness = createReadiness();
    readiness.add('nats', () => undefined);
    readiness.add('postgresql', async () => undefined);
    expect(await readiness.report()).toEqual({ isReady: true, checks: { nats: 'ok', postgresql: 'ok' } });
  });

  it('names the dependency that fails, with its reason', async () => {
    const readiness = createReadiness();
    readiness.add('nats', () => undefined);
    readiness.add('postgresql', () => { throw new Error('connection refused'); });
    expect(await readiness.report()).toEqual({ isReady: false, checks: { nats: 'ok', postgresql: 'connection refused' } });
  });

  it('does not wait for a dependency that hangs', async () => {
    const readiness = createReadiness(20);
    readiness.add('keystone', () => new Promise<void>(() => undefined));
    expect(await readiness.report()).toEqual({ isReady: false, checks: { keystone: 'no answer within 20 ms' } });
  });

  it('is withheld while the service starts or stops', async () => {
    const readiness = createReadiness();
    readiness.hold('starting');
    expect((await readiness.report()).isReady).toBe(false);
    readiness.hold('');
    expect((await readiness.report()).isReady).toBe(true);
  });
});

describe('the listener for operators', () => {
  const readiness = createReadiness();
  let operations: Operations;
  const get = (path: string) => fetch(`http://127.0.0.1:${operations.port}${path}`);
  beforeAll(async () => {
    operations = await serveOperations({ host: '127.0.0.1', port: 0 }, readiness, createMetrics({ service: 'gateway', region: 'RegionOne' }));
  });
  afterAll(() => operations.close());

  it('answers /healthz as long as the process lives', async () => {
    readiness.hold('stopping');
    expect((await get('/healthz')).status).toBe(200);
    readiness.hold('');
  });

  it('answers /readyz with 503 and the reason while something is missing', async () => {
    readiness.hold('stopping');
    const response = await get('/readyz');
    expect(response.status).toBe(503);
    expect(await response.json()).toEqual({ status: 'not ready', checks: { service: 'stopping' } });
    readiness.hold('');
    expect((await get('/readyz')).status).toBe(200);
  });

  it('answers /metrics in the form of Prometheus, each with service and region', async () => {
    const response = await get('/metrics');
    expect(response.headers.get('content-type')).toBe(new Registry().contentType);
    expect(await response.text()).toMatch(/heliograph_process_cpu_seconds_total\{service="gateway",region="RegionOne"\}/);
  });

  it('answers anything else with 404', async () => {
    expect((await get('/')).status).toBe(404);
  });
});
