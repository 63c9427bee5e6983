/**
 * The least that a plain Node server on the same two foundations can do with a change, for `npm run bench -- api`: `node bench-floor-api.mjs PORT`. A change is one
 * message to JetStream, which syncs it, and then one row of PostgreSQL, which syncs it; a show reads one row. There is no token, no policy, no validation, no decision, no version, no second process,
 * nobody who listens, and no log line: whoever does more costs more. It speaks as much of the Image API as the kit asks. Needs `npm run build`.
 */
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { jetstream } from '@nats-io/jetstream';
import pg from 'pg';
import { imageSubject } from '#libs/contracts';
import { startTestStack } from '#libs/embedded';
import { createStreams } from '#libs/event-log';
import { createBus, createLogger } from '#libs/platform';

const [port] = process.argv.slice(2);
const stack = await startTestStack({ durable: true });
const { region } = stack;
const logger = createLogger({ service: 'bench', region, level: 'fatal' });
const connect = (user) => createBus({ servers: [stack.nats.url], user, password: stack.passwords[user], region, logger });
const setup = await connect('setup');
await createStreams(setup.connection, region, { replicas: 1 });
await setup.close();
const bus = await connect('operator');
const log = jetstream(bus.connection);
const pool = new pg.Pool({ connectionString: stack.postgres.localUrl(new URL(stack.databaseUrl).pathname.slice(1)), max: 10 });
await pool.query('create table images (id uuid primary key, body text not null, sequence bigint not null)');

const insert = { name: 'insert', text: 'insert into images values ($1, $2, $3)' };
const update = { name: 'update', text: 'update images set body = $2, sequence = $3 where id = $1' };
const select = { name: 'select', text: 'select body from images where id = $1' };

/** Both syncs, one after the other, as who answers from what can be read again has to. */
async function keep(statement, id, body) {
  const { seq } = await log.publish(imageSubject(region, id), body);
  await pool.query({ ...statement, values: [id, body, seq] });
  return body;
}

const routes = {
  POST: async (_id, request) => {
    const id = randomUUID();
    return keep(insert, id, JSON.stringify({ id, ...JSON.parse(await textOf(request)) }));
  },
  PATCH: async (id, request) => {
    const [{ value }] = JSON.parse(await textOf(request));
    return keep(update, id, JSON.stringify({ id, name: value }));
  },
  GET: async (id) => {
    if (id !== undefined) return (await pool.query({ ...select, values: [id] })).rows[0].body;
    return JSON.stringify({ images: (await pool.query('select id from images limit 1')).rows });
  },
  DELETE: () => '',
};

async function textOf(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

const server = createServer(async (request, response) => {
  const [, , , id] = request.url.split('?')[0].split('/');
  try {
    const body = await routes[request.method](id, request);
    response.writeHead(request.method === 'POST' ? 201 : 200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }).end(body);
  } catch (error) {
    console.error(error);
    response.destroy();
  }
}).listen(Number(port), '127.0.0.1', () => console.log('ready'));

process.once('SIGTERM', async () => {
  server.closeAllConnections();
  server.close();
  await Promise.all([pool.end(), bus.close()]);
  await stack.stop();
});
