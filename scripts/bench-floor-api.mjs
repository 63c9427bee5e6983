/**
 * The least that plain Node servers on the same two foundations can do with a change, for `npm run bench -- api`: `node bench-floor-api.mjs PORT [apart]`. A change is one
 * message to JetStream, which syncs it, and then one row of PostgreSQL, which syncs it; a show reads one row. There is no token, no policy, no validation, no decision, no version,
 * and no log line: whoever does more costs more. It speaks as much of the Image API as the kit asks. Needs `npm run build`.
 *
 * Without `apart` one process does it all. With it the work goes the way that it goes through Heliograph's services: one process hears the request and asks another over NATS, which appends to the
 * log, hears the log, writes rows and its position in one statement for all that came together, announces how far it has come, and answers. Nobody else listens.
 */
import { fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { jetstream } from '@nats-io/jetstream';
import pg from 'pg';
import { commandSubject, imageSubject, projectedSubject } from '#libs/contracts';
import { startTestStack } from '#libs/embedded';
import { createStreams, jetStreamEventLog } from '#libs/event-log';
import { createBus, createLogger } from '#libs/platform';

const [port, way] = process.argv.slice(2);
const upsert = `with moved as (update place set sequence = $2 returning 1)
  insert into images select r.* from json_populate_recordset(null::images, $1) r on conflict (id) do update set body = excluded.body, sequence = excluded.sequence`;

if (process.send) await serveBehind(JSON.parse(port));
else await serveInFront();

async function serveInFront() {
  const stack = await startTestStack({ durable: true });
  const { region } = stack;
  const place = { region, servers: [stack.nats.url], passwords: stack.passwords, database: stack.postgres.localUrl(new URL(stack.databaseUrl).pathname.slice(1)) };
  const setup = await busOf(place, 'setup');
  await createStreams(setup.connection, region, { replicas: 1 });
  await setup.close();
  const pool = poolOf(place);
  await pool.query('create table images (id uuid primary key, body text not null, sequence bigint not null)');
  await pool.query('create table place (sequence bigint not null)');
  await pool.query('insert into place values (0)');
  const { keep, close } = await (way === 'apart' ? apart(place) : together(place, pool));
  const server = serve(port, pool, keep);
  process.once('SIGTERM', async () => {
    server.closeAllConnections();
    server.close();
    await close();
    await pool.end();
    await stack.stop();
  });
}

function busOf({ region, servers, passwords }, user) {
  return createBus({ servers, user, password: passwords[user], region, logger: createLogger({ service: 'bench', region, level: 'fatal' }) });
}

function poolOf({ database }) {
  // At the end the server ends before the last of its connections.
  return new pg.Pool({ connectionString: database, max: 10 }).on('error', () => undefined);
}

/** Both syncs, one after the other, as who answers from what can be read again has to. */
async function together(place, pool) {
  const bus = await busOf(place, 'operator');
  const log = jetstream(bus.connection);
  const insert = { name: 'insert', text: 'insert into images values ($1, $2, $3)' };
  const update = { name: 'update', text: 'update images set body = $2, sequence = $3 where id = $1' };
  return {
    async keep(isNew, id, body) {
      const { seq } = await log.publish(imageSubject(place.region, id), body);
      await pool.query({ ...(isNew ? insert : update), values: [id, body, seq] });
      return body;
    },
    close: () => bus.close(),
  };
}

/** The same by a process behind: it is asked, and says what it kept. */
async function apart(place) {
  const bus = await busOf(place, 'gateway');
  const behind = fork(import.meta.filename, [JSON.stringify(place)]);
  await once(behind, 'message');
  const subject = commandSubject(place.region, 'image');
  bus.connection.subscribe(projectedSubject(place.region), { callback: (_error, message) => message.json() });
  return {
    keep: async (_isNew, id, body) => JSON.stringify((await bus.connection.request(subject, JSON.stringify({ id, body }), { timeout: 5000 })).json()),
    async close() {
      behind.disconnect();
      await Promise.all([once(behind, 'exit'), bus.close()]);
    },
  };
}

async function serveBehind(place) {
  const { region } = place;
  const bus = await busOf(place, 'catalog');
  const pool = poolOf(place);
  const publisher = jetstream(bus.connection);
  const log = await jetStreamEventLog(bus.connection, { region });
  const [stop, waiting] = [new AbortController(), new Map()];
  let written = 0;
  const following = log.follow({ after: 0, batchSize: 1000, signal: stop.signal }, async (batch) => {
    written = batch.at(-1).sequence;
    const rows = new Map(batch.map(({ sequence, bytes }) => {
      const { id, body } = JSON.parse(Buffer.from(bytes).toString());
      return [id, { id, body, sequence }];
    }));
    await pool.query({ name: 'upsert', text: upsert, values: [JSON.stringify([...rows.values()]), written] });
    bus.tell(projectedSubject(region), { sequence: written });
    for (const [sequence, answer] of waiting) if (sequence <= written) answer();
  });
  bus.connection.subscribe(commandSubject(region, 'image'), {
    async callback(_error, message) {
      const { id, body } = message.json();
      const { seq } = await publisher.publish(imageSubject(region, id), message.data);
      if (seq > written) await new Promise((resolve) => { waiting.set(seq, resolve); });
      waiting.delete(seq);
      message.respond(body);
    },
  });
  await bus.connection.flush();
  process.send('ready');
  process.once('disconnect', async () => {
    stop.abort();
    await following;
    await Promise.all([pool.end(), bus.close()]);
  });
}

function serve(atPort, pool, keep) {
  const select = { name: 'select', text: 'select body from images where id = $1' };
  const routes = {
    POST: async (_id, request) => {
      const id = randomUUID();
      return keep(true, id, JSON.stringify({ id, ...JSON.parse(await textOf(request)) }));
    },
    PATCH: async (id, request) => {
      const [{ value }] = JSON.parse(await textOf(request));
      return keep(false, id, JSON.stringify({ id, name: value }));
    },
    GET: async (id) => {
      if (id !== undefined) return (await pool.query({ ...select, values: [id] })).rows[0].body;
      return JSON.stringify({ images: (await pool.query('select id from images limit 1')).rows });
    },
    DELETE: () => '',
  };
  return createServer(async (request, response) => {
    const [, , , id] = request.url.split('?')[0].split('/');
    try {
      const body = await routes[request.method](id, request);
      response.writeHead(request.method === 'POST' ? 201 : 200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }).end(body);
    } catch (error) {
      console.error(error);
      response.destroy();
    }
  }).listen(Number(atPort), '127.0.0.1', () => console.log('ready'));
}

async function textOf(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
