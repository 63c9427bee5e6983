import { createLogger, createMetrics } from '#libs/platform';
import { createAlarms, type Alarms } from './alarms.js';
import { createCatalogMetrics } from './catalog.metrics.js';

function listening(): { alarms: Alarms; lines: () => Record<string, unknown>[]; metric: (name: string) => Promise<number | undefined> } {
  const written: string[] = [];
  const registry = createMetrics({ service: 'catalog', region: 'RegionOne' });
  const logger = createLogger({ service: 'catalog', region: 'RegionOne', level: 'info' }, { write: (line: string) => void written.push(line) });
  return {
    alarms: createAlarms(logger, createCatalogMetrics(registry)),
    lines: () => written.map((line) => JSON.parse(line) as Record<string, unknown>),
    metric: async (name) => (await registry.getSingleMetric(name)?.get())?.values[0]?.value,
  };
}

describe('What the catalog tells its operator', () => {
  it('names a log that lost its tail, what is missing and what to do', async () => {
    const { alarms, lines, metric } = listening();
    alarms.trustChanged({ is: 'trusted' });
    expect(await metric('heliograph_log_trusted')).toBe(1);
    alarms.trustChanged({ is: 'lost', reason: 'it ends at 3' });
    expect(await metric('heliograph_log_trusted')).toBe(0);
    expect(lines().at(-1)).toMatchObject({ level: 'error', alarm: 'log_not_trusted', reason: 'it ends at 3', msg: expect.stringContaining('npm run log:repair') as string });
  });

  it('names each parked image with its commit and the reason', () => {
    const { alarms, lines } = listening();
    alarms.parked([{ image_id: 'i', sequence: 7, reason: 'not a commit' }]);
    expect(lines()).toEqual([expect.objectContaining({ level: 'error', alarm: 'image_parked', image_id: 'i', sequence: 7, reason: 'not a commit' })]);
  });

  it('tells a lasting outage once at its beginning, and another one beside it', () => {
    const { alarms, lines } = listening();
    for (let times = 0; times < 50; times += 1) alarms.projectingInterrupted(new Error('PostgreSQL is down'));
    alarms.logUnreadable(new Error('NATS is down'));
    expect(lines()).toHaveLength(2);
  });

  it('says nothing of a sweep that found nothing, and counts one that did', async () => {
    const { alarms, lines, metric } = listening();
    alarms.swept(0);
    expect(lines()).toEqual([]);
    alarms.swept(2);
    expect(lines()).toEqual([expect.objectContaining({ attempts: 2 })]);
    expect(await metric('heliograph_swept_attempts_total')).toBe(2);
  });
});
