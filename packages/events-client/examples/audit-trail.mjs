/**
 * Keeps an audit trail: one line of JSON for each event, for ever, in a file. The trail is its own checkpoint: each line holds the position after it, so that
 * every event stands in it exactly once, however often this program is killed.
 *
 *   npm start -- --detach && source data/openrc
 *   node packages/events-client/examples/audit-trail.mjs trail.jsonl
 *   node packages/events-client/examples/audit-trail.mjs trail-nats.jsonl $HELIOGRAPH_EVENTS_URL
 *
 * With the address of a NATS server it follows the audit stream there, else the feed over HTTP.
 */
import { open, readFile, truncate } from 'node:fs/promises';
import { credentialsFrom, follow, httpSource, keystoneSession, natsSource } from '@heliograph/events-client';

const [path, servers] = process.argv.slice(2);
if (!path) throw new Error('which file? node packages/events-client/examples/audit-trail.mjs FILE [NATS_SERVER]');
const session = keystoneSession(credentialsFrom(process.env));
const region = process.env.OS_REGION_NAME ?? 'RegionOne';
const token = () => session.token();
const source = servers
  ? natsSource({ servers, region, projectId: await session.projectId(), name: 'audit-trail', token })
  : httpSource({ url: await session.imageUrl(), token });

/** A death in the middle of a line leaves a piece of one: it is cut off, and its event comes again. */
async function lastPosition() {
  const text = await readFile(path, 'utf8').catch(() => '');
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  if (whole.length < text.length) await truncate(path, Buffer.byteLength(whole));
  const last = whole.trimEnd().split('\n').at(-1);
  return last ? JSON.parse(last).position : undefined;
}

const begun = await lastPosition();
const trail = await open(path, 'a');
const stop = new AbortController();
process.once('SIGTERM', () => stop.abort());
process.once('SIGINT', () => stop.abort());
await follow(
  {
    source, signal: stop.signal,
    checkpoints: { read: async () => begun, write: async () => undefined },
    onTrouble: (error, waitMs) => console.error(`${error}; going on in ${waitMs} ms`),
  },
  async (event, position) => {
    await trail.write(`${JSON.stringify({ position, event })}\n`);
    await trail.datasync();
  },
);
await trail.close();
