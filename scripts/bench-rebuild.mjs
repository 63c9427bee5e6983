/**
 * `npm run bench:rebuild [-- --images N]`: how long the catalogue of N images (1,000,000 unless told) takes to be rebuilt from the log, as `catalog:rebuild` does it, with NATS and PostgreSQL of its own
 * on this machine. The log is generated: one commit an image, from its creation to its activation. Prints what each part took. Needs `npm run build`.
 */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { jetstream } from '@nats-io/jetstream';
import pg from 'pg';
import { encodeCommit, imageSubject } from '#libs/contracts';
import { startTestStack } from '#libs/embedded';
import { createStreams, jetStreamEventLog } from '#libs/event-log';
import { createBus, createLogger } from '#libs/platform';
import { migrate, openReadModel, startRebuild } from '#libs/read-model';
import { followInThread } from '../dist/apps/catalog/src/read-in-thread.js';
import { rebuildCatalog } from '../dist/apps/catalog/src/rebuild.js';

const { values: options } = parseArgs({ options: { images: { type: 'string', default: '1000000' }, 'wait-for': { type: 'string' } } });
const images = Number(options.images);
const publishedAtOnce = 500;
const seconds = (from, to) => `${((to - from) / 1000).toFixed(1)} s`;

const hashed = (n) => createHash('sha256').update(`image ${n}`).digest('hex');
const idOf = (n) => hashed(n).replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*$/, '$1-$2-4$3-8$4-$5');

function commitOf(n, region) {
  const [id, hash, attemptId] = [idOf(n), hashed(n), idOf(-n)];
  return {
    subject: imageSubject(region, id),
    bytes: encodeCommit({
      aggregateId: id, region, service: 'catalog', at: new Date(Date.parse('2026-01-01T00:00:00Z') + n * 1000), version: 1, prevHash: '', commandId: `c${n}`, commandType: 'CreateImage', requestId: 'req-bench', actor: { userId: 'bench', authMethod: 'token' },
      events: [
        { type: 'ImageCreated', data: { owner: `project${n % 1000}`, visibility: n % 10 === 1 ? 'public' : 'private', name: `image ${n}`, tags: ['bench'], properties: { os_distro: 'debian', number: String(n) }, isProtected: false, isHidden: false, minDisk: 1, minRam: 1, diskFormat: 'qcow2', containerFormat: 'bare' } },
        { type: 'ImageDataUploadStarted', data: { attemptId, storeId: 'file' } },
        { type: 'ImageDataStored', data: { attemptId, storeId: 'file', sizeBytes: 1_000_000 + n, checksum: hash.slice(0, 32), osHashAlgo: 'sha256', osHashValue: hash } },
        { type: 'ImageActivated', data: {} },
      ],
    }),
  };
}

/** CPU seconds that the servers of this stack and their ended children have used so far: what a busy machine cannot change. Linux. */
function serversCpu(dir) {
  let ticks = 0;
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      if (!readlinkSync(`/proc/${pid}/cwd`).startsWith(`${dir}/postgres`)) continue;
      const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /, '').split(' ');
      ticks += fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
    } catch {
      // It has just ended, or is another's.
    }
  }
  return ticks / 100;
}

const stack = await startTestStack();
const { region } = stack;
const logger = createLogger({ service: 'bench', region, level: 'silent' });
const connect = (user) => createBus({ servers: [stack.nats.url], user, password: stack.passwords[user], region, logger });
const closing = [];
try {
  const [setup, bus] = [await connect('setup'), await connect('operator')];
  closing.push(() => setup.close(), () => bus.close());
  await createStreams(setup.connection, region, { replicas: 1 });
  const client = jetstream(bus.connection);
  const startedAt = performance.now();
  for (let next = 1; next <= images;) {
    const batch = Array.from({ length: Math.min(publishedAtOnce, images + 1 - next) }, (_, place) => commitOf(next + place, region));
    await Promise.all(batch.map(({ subject, bytes }) => client.publish(subject, bytes)));
    next += batch.length;
    if (next % 100_000 < publishedAtOnce) console.log(`${next - 1} commits are in the log (${seconds(startedAt, performance.now())})`);
  }
  await migrate({ url: stack.databaseUrl });
  const log = await jetStreamEventLog(bus.connection, { region });
  const { createdAt, lastSequence } = await log.extent();
  const client2 = new pg.Client({ connectionString: stack.databaseUrl });
  await client2.connect();
  // As if a projector had been there: the rebuild follows its position.
  await client2.query('update catalog.position set sequence = $1, log_created_at = $2', [lastSequence, createdAt]);
  await client2.end();
  while (options['wait-for'] && !existsSync(options['wait-for'])) await pause(500);

  const live = await openReadModel({ url: stack.databaseUrl, poolSize: 1 });
  closing.push(() => live.close());
  const began = performance.now();
  const [cpu, servers] = [process.cpuUsage(), serversCpu(stack.dir)];
  const next = await startRebuild({ url: stack.databaseUrl });
  closing.unshift(() => next.close());
  let [applied, said, serversApplied] = [began, began, 0];
  await rebuildCatalog({
    log: { ...log, follow: followInThread({ servers: [stack.nats.url], password: stack.passwords.operator, region }) }, live, next, onParked: (parked) => console.log(parked),
    onProgress({ sequence, target }) {
      if (performance.now() - said < 5000) return;
      said = performance.now();
      console.log(`${sequence} of ${target} commits (${Math.round(sequence / (said - began) * 1000)} a second)`);
    },
    onIndexing: () => { [applied, serversApplied] = [performance.now(), serversCpu(stack.dir)]; },
  });
  const ended = performance.now();
  const { user, system } = process.cpuUsage(cpu);
  console.log(`${lastSequence} images rebuilt in ${seconds(began, ended)}: rows ${seconds(began, applied)} (${Math.round(lastSequence / (applied - began) * 1000)} a second), indexes and swap ${seconds(applied, ended)}; ${((user + system) / 1e6).toFixed(1)} s of this process's CPU, of PostgreSQL's ${(serversApplied - servers).toFixed(1)} s for rows and ${(serversCpu(stack.dir) - serversApplied).toFixed(1)} s for indexes`);
} finally {
  for (const close of closing) await close();
  await stack.stop();
}
