import pg from 'pg';
import { reachable } from './database.js';

/** The right to be the one projector of this database, held by a connection of its own. */
export interface Ownership {
  /** Gives the right back; `onLost` is not called. */
  release(): Promise<void>;
}

const heartbeatMs = 1_000;
const silentMs = 5_000;

/**
 * Tries to become the projector; undefined where another process is. The right ends with its connection: `onLost` is then called once, and
 * the position's own check keeps a projector that has not yet noticed from writing. Throws `Problem('Unavailable')`.
 */
export function tryBecomeProjector(url: string, onLost: (reason: Error) => void): Promise<Ownership | undefined> {
  return reachable(() => take(url, onLost));
}

async function take(url: string, onLost: (reason: Error) => void): Promise<Ownership | undefined> {
  const client = new pg.Client({
    connectionString: url, keepAlive: true, connectionTimeoutMillis: 5_000,
    // The server too must notice a dead holder, or nobody could follow him.
    options: '-c tcp_keepalives_idle=5 -c tcp_keepalives_interval=2 -c tcp_keepalives_count=3 -c statement_timeout=5000',
  });
  let isOver = false;
  let heartbeat: NodeJS.Timeout | undefined;
  const end = (): boolean => {
    clearInterval(heartbeat);
    const wasOver = isOver;
    isOver = true;
    return !wasOver;
  };
  const lose = (reason: Error): void => {
    if (!end()) return;
    void client.end().catch(() => { /* it is broken already */ });
    onLost(reason);
  };
  client.on('error', () => { /* before the lock is held, the failing query tells */ });
  await client.connect();
  const { rows: [row] } = await client.query<{ locked: boolean }>(`select pg_try_advisory_lock(hashtext('heliograph:projector')) as locked`);
  if (!row?.locked) {
    await client.end();
    return undefined;
  }
  client.on('error', lose);
  client.on('end', () => { lose(new Error('the connection that held the projector\'s lock has ended')); });
  heartbeat = beat(client, lose);
  return {
    async release() {
      if (end()) await client.end();
    },
  };
}

/** A connection whose other end vanished says nothing by itself: it is asked every second. */
function beat(client: pg.Client, lose: (reason: Error) => void): NodeJS.Timeout {
  let askedAt: number | undefined;
  return setInterval(() => {
    if (askedAt !== undefined) {
      if (performance.now() - askedAt > silentMs) lose(new Error('the connection that holds the projector\'s lock does not answer'));
      return;
    }
    askedAt = performance.now();
    client.query('select 1').then(() => { askedAt = undefined; }, lose);
  }, heartbeatMs).unref();
}
