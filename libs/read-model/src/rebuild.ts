import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { migrate, openDatabase, liveSchema, quoted, reachable, type Database, type DatabaseOptions } from './database.js';
import type { GuardPosition } from './guard.js';
import { projectionWriter, type ProjectionWriter } from './projection-writer.js';
import type { LogMessage } from './log-message.js';
import { lateIndexes } from './late-indexes.js';

/** A catalogue that is built from the log beside the live one, by the same fold. */
export interface Rebuild extends ProjectionWriter {
  /** Builds the indexes: after the bulk of the log, before the last of it. */
  buildIndexes(): Promise<void>;
  /**
   * Puts this catalogue in the place of the live one in one transaction, if it stands at the same position. False where it does not; then the live
   * one is held where it is for a second: apply what it is ahead, and call again. So a rebuild comes to its end under any load.
   * A projector that was about to write to the old one gets `PositionMoved` and writes nothing.
   * The feed has a follower of its own. `carried`: it goes over as it stands, and nobody waits for it; `empty`: its follower fills it anew.
   */
  swap(feed?: 'carried' | 'empty'): Promise<boolean>;
  /**
   * The operator's word that the log, up to here, is the one to trust, whatever was known of it: in one transaction this catalogue takes the place
   * of the live one, wherever that stands, and the guard remembers this position and this tail of raw commits, and nothing else.
   */
  replaceLive(accepted: GuardPosition, tail: readonly LogMessage[]): Promise<void>;
  close(): Promise<void>;
}

const retiredSchema = 'catalog_old';

/** Somebody rebuilds the same catalogue right now: two would drop each other's work. */
export class RebuildRunning extends Error {
  override readonly name = 'RebuildRunning';
  constructor() {
    super('another rebuild of this catalogue is running. Wait for its end; nothing was changed.');
  }
}

/** Begins a rebuild from nothing; what an earlier one left is dropped. Throws `RebuildRunning`. Hold no second one in a database before `close`. */
export async function startRebuild(options: DatabaseOptions, schema = 'catalog_next'): Promise<Rebuild> {
  if (schema === liveSchema) throw new Error('a rebuild is made beside the live catalogue, not in its place');
  const claim = await claimRebuild(options.url);
  try {
    return await beginRebuild(options, schema, claim);
  } catch (error) {
    await claim.end();
    throw error;
  }
}

/** The right to rebuild ends with its connection, and so with its process. */
async function claimRebuild(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, keepAlive: true });
  client.on('error', () => { /* PostgreSQL went away: so does the rebuild, at its next statement */ });
  await client.connect();
  const { rows: [row] } = await client.query<{ locked: boolean }>(`select pg_try_advisory_lock(hashtext('heliograph:rebuild')) as locked`);
  if (row?.locked) return client;
  await client.end();
  throw new RebuildRunning();
}

async function beginRebuild(options: DatabaseOptions, schema: string, claim: pg.Client): Promise<Rebuild> {
  await claim.query(`drop schema if exists ${quoted(schema)} cascade`);
  const next = { ...options, schema };
  await migrate(next);
  const late = await lateIndexes(options.url, schema);
  const database = await openDatabase({ ...next, poolSize: 2, statementTimeoutMs: 0, synchronousCommit: 'off' });
  const swapping = createSwap(database);
  return {
    ...projectionWriter(database, { guarded: false }),
    buildIndexes: async () => {
      await late.build();
      await database.pool.query('analyze images, image_members, data_attempts, metadef_namespaces');
    },
    swap: (feed = 'carried') => reachable(() => swapping.swap(feed)),
    replaceLive: (accepted, tail) => reachable(() => swapping.replaceLive(accepted, tail)),
    close: async () => {
      await swapping.letGo();
      await database.orm.close(true);
      await claim.end();
    },
  };
}

const holdMs = 1_000;
/** In the order in which who fills the feed locks them. */
const feedTables = ['feed_position', 'image_events'];
const feedPatienceMs = 500;
const isLockTimeout = (error: unknown): boolean => (error as { code?: string }).code === '55P03';

type Swap = Pick<Rebuild, 'swap' | 'replaceLive'> & { letGo(): Promise<void> };

function createSwap({ url, schema }: Database): Swap {
  let holding: pg.Client | undefined;

  /** Locks the live position: its projector waits. PostgreSQL itself ends the lock when nothing happens for too long, or when this process dies. */
  async function hold(): Promise<pg.Client> {
    const client = new pg.Client({ connectionString: url, options: `-c idle_in_transaction_session_timeout=${holdMs}` });
    client.on('error', () => { if (holding === client) holding = undefined; });
    await client.connect();
    // Of a rebuild that ended between swapping and cleaning up.
    await client.query(`drop schema if exists ${retiredSchema} cascade`);
    await client.query('begin');
    await client.query(`select from ${liveSchema}.position for update`);
    return client;
  }

  async function standAtOnePosition(client: pg.Client): Promise<boolean> {
    const { rows: [row] } = await client.query<{ equal: boolean }>(`
      select live.sequence = next.sequence and live.log_created_at = next.log_created_at as equal
      from ${liveSchema}.position live, ${quoted(schema)}.position next`);
    return row?.equal ?? false;
  }

  /**
   * Its tables change their schema, where both catalogues have had the same migrations; else the feed of the new one stays empty, and is filled.
   * False where somebody used the feed for too long; then nothing is held any more, and it may be tried again.
   */
  async function carryFeed(client: pg.Client): Promise<boolean> {
    const named = (of: string) => `(select array_agg(name order by name) from ${of}.migrations)`;
    const { rows: [row] } = await client.query<{ alike: boolean | null }>(`select ${named(liveSchema)} = ${named(quoted(schema))} as alike`);
    if (row?.alike !== true) return true;
    try {
      // Sooner than PostgreSQL would look for a deadlock: those who read the feed lock its tables the other way round.
      await client.query(`set local lock_timeout = '${feedPatienceMs}ms'`);
      await client.query(`lock table ${feedTables.map((table) => `${liveSchema}.${table}`).join(', ')} in access exclusive mode`);
    } catch (error) {
      await letGo();
      if (!isLockTimeout(error)) throw error;
      // Those who waited for what was locked here have their turn.
      await pause(feedPatienceMs);
      return false;
    }
    for (const table of feedTables) {
      await client.query(`drop table ${quoted(schema)}.${table}`);
      await client.query(`alter table ${liveSchema}.${table} set schema ${quoted(schema)}`);
    }
    return true;
  }

  async function letGo(): Promise<void> {
    const client = holding;
    holding = undefined;
    await client?.end().catch(() => { /* PostgreSQL had ended it already */ });
  }

  async function takePlace(client: pg.Client): Promise<void> {
    // Whoever waits for this row, to write to the old catalogue, must not find the position it expects.
    await client.query(`update ${liveSchema}.position set sequence = -1`);
    await client.query(`alter schema ${liveSchema} rename to ${retiredSchema}`);
    await client.query(`alter schema ${quoted(schema)} rename to ${liveSchema}`);
    await client.query('commit');
    await client.query(`drop schema ${retiredSchema} cascade`);
    await letGo();
  }

  return {
    letGo,
    async swap(feed) {
      holding ??= await hold();
      const client = holding;
      if (!await standAtOnePosition(client).catch(() => letGo().then(() => false))) return false;
      if (feed === 'carried' && !await carryFeed(client)) return false;
      await takePlace(client);
      return true;
    },
    async replaceLive(accepted, tail) {
      holding ??= await hold();
      await rememberOnly(holding, accepted, tail);
      await takePlace(holding);
    },
  };
}

/** What the guard holds of the log from now on. */
async function rememberOnly(client: pg.Client, { logCreatedAt, sequence, hash }: GuardPosition, tail: readonly LogMessage[]): Promise<void> {
  await client.query('delete from guard.log_position');
  await client.query('insert into guard.log_position (log_created_at, sequence, hash) values ($1, $2, $3)', [logCreatedAt, sequence, hash]);
  await client.query('delete from guard.log_tail');
  await client.query(`insert into guard.log_tail (sequence, subject, bytes)
    select r.sequence, r.subject, r.bytes from unnest($1::bigint[], $2::text[], $3::bytea[]) as r (sequence, subject, bytes)`,
  [tail.map((each) => each.sequence), tail.map(({ subject }) => subject), tail.map(({ bytes }) => Buffer.from(bytes))]);
}
