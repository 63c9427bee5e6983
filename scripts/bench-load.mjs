/** Images written to the event log of a running region, as commits like any other; the projector does the rest. For the benchmarks. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { encodeCommit, imageSubject } from '#libs/contracts';
import { jetStreamEventLog } from '#libs/event-log';
import { createBus, createLogger } from '#libs/platform';

/** Appends that are on their way at once. */
const inFlight = 128;

export const hashed = (n) => createHash('sha256').update(`image ${n}`).digest('hex');
export const idOf = (n) => hashed(n).replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*$/, '$1-$2-4$3-8$4-$5');
const base = Date.parse('2026-01-01T00:00:00Z');
export const timeOf = (n) => new Date(base + n * 1000);

/** The events of an image that was created and got its data. */
export const withData = (n, created, { sizeBytes, osHashAlgo, osHashValue }) => {
  const attemptId = idOf(-n);
  return [
    { type: 'ImageCreated', data: created },
    { type: 'ImageDataUploadStarted', data: { attemptId, storeId: 'file' } },
    { type: 'ImageDataStored', data: { attemptId, storeId: 'file', sizeBytes, checksum: hashed(n).slice(0, 32), osHashAlgo, osHashValue } },
    { type: 'ImageActivated', data: {} },
  ];
};

/** How to reach the region that `npm start` runs on this data. */
export function settingsOf(data) {
  const lines = readFileSync(join(data, 'operator.env'), 'utf8').split('\n').filter(Boolean);
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
}

/** Appends images `from` up to `to`, as many at once as the log syncs together, and waits until the last can be read. */
export async function loadImages({ data, from, to, eventsOf }) {
  const settings = settingsOf(data);
  const region = settings.HELIOGRAPH_HELIOGRAPH__REGION ?? 'RegionOne';
  const bus = await createBus({
    servers: [settings.HELIOGRAPH_HELIOGRAPH__NATS_URL], user: 'operator', password: settings.HELIOGRAPH_HELIOGRAPH__NATS_PASSWORD, region, logger: createLogger({ service: 'bench', region, level: 'fatal' }),
  });
  const database = new pg.Client({ connectionString: settings.HELIOGRAPH_HELIOGRAPH__DATABASE_URL });
  await database.connect();
  const began = Date.now();
  let next = from;
  const progress = setInterval(() => console.error(`${next} of ${to} images are in the log (${Math.round((next - from) / (Date.now() - began) * 1000)} a second)`), 10_000);
  try {
    const log = await jetStreamEventLog(bus.connection, { region });
    const one = async () => {
      for (let n = next++; n < to; n = next++) {
        const id = idOf(n);
        const bytes = encodeCommit({
          aggregateId: id, region, service: 'catalog', at: timeOf(n), version: 1, prevHash: '', commandId: `bench-${n}`, commandType: 'CreateImage', requestId: 'req-bench',
          actor: { userId: 'bench', authMethod: 'token' }, events: eventsOf(n),
        });
        await append(log, imageSubject(region, id), bytes, `${id}:bench-${n}`);
      }
    };
    await Promise.all(Array.from({ length: inFlight }, one));
    const { lastSequence } = await log.extent();
    while (Number((await database.query('select sequence from catalog.position')).rows[0].sequence) < lastSequence) await new Promise((wake) => { setTimeout(wake, 200); });
    console.error(`${to} images are in the log and in the read model after ${Math.round((Date.now() - began) / 1000)} s`);
    // What autovacuum does within minutes of any change; here nobody waits for it.
    await database.query('vacuum analyze');
  } finally {
    clearInterval(progress);
    await bus.close();
    await database.end();
  }
}

/** A load that was cut off may have brought it already; and a disk that others use may take longer than an answer may. */
async function append(log, subject, bytes, messageId) {
  for (;;) {
    try {
      await log.append(subject, bytes, { expectedLastSequence: 0, messageId });
      return;
    } catch (error) {
      if (error.name === 'WrongExpectedSequence') return;
      if (error.code !== 'Unavailable') throw error;
    }
  }
}
