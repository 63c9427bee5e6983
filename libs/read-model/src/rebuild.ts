import pg from 'pg';
import { migrate, openDatabase, liveSchema, quoted, reachable, withLock, type Database, type DatabaseOptions } from './database.js';
import { projectionWriter, type ProjectionWriter } from './projection-writer.js';

/** A catalogue that is built from the log beside the live one, by the same fold. */
export interface Rebuild extends ProjectionWriter {
  /** Builds the indexes: after the bulk of the log, before the last of it. */
  buildIndexes(): Promise<void>;
  /**
   * Puts this catalogue in the place of the live one in one transaction, if it stands at the same position. False where it does not; then the live
   * one is held where it is for a second: apply what it is ahead, and call again. So a rebuild comes to its end under any load.
   * A projector that was about to write to the old one gets `PositionMoved` and writes nothing.
   */
  swap(): Promise<boolean>;
  close(): Promise<void>;
}

const retiredSchema = 'catalog_old';

/** Begins a rebuild from nothing; what an earlier one left is dropped. */
export async function startRebuild(options: DatabaseOptions, schema = 'catalog_next'): Promise<Rebuild> {
  if (schema === liveSchema) throw new Error('a rebuild is made beside the live catalogue, not in its place');
  await withLock(options.url, 'rebuild', async (client) => {
    await client.query(`drop schema if exists ${quoted(schema)} cascade`);
  });
  const next = { ...options, schema };
  await migrate(next, 'catalog-0001-images');
  const database = await openDatabase({ ...next, poolSize: 2, statementTimeoutMs: 0, synchronousCommit: 'off' });
  const swapping = createSwap(database);
  return {
    ...projectionWriter(database, { guarded: false }),
    buildIndexes: async () => {
      await migrate(next);
      await database.pool.query('analyze images, image_members, data_attempts');
    },
    swap: () => reachable(swapping.swap),
    close: async () => {
      await swapping.letGo();
      await database.orm.close(true);
    },
  };
}

const holdMs = 1_000;

function createSwap({ url, schema }: Database): { swap(): Promise<boolean>; letGo(): Promise<void> } {
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

  async function letGo(): Promise<void> {
    const client = holding;
    holding = undefined;
    await client?.end().catch(() => { /* PostgreSQL had ended it already */ });
  }

  return {
    letGo,
    async swap() {
      holding ??= await hold();
      const client = holding;
      if (!await standAtOnePosition(client).catch(() => letGo().then(() => false))) return false;
      // Whoever waits for this row, to write to the old catalogue, must not find the position it expects.
      await client.query(`update ${liveSchema}.position set sequence = -1`);
      await client.query(`alter schema ${liveSchema} rename to ${retiredSchema}`);
      await client.query(`alter schema ${quoted(schema)} rename to ${liveSchema}`);
      await client.query('commit');
      await client.query(`drop schema ${retiredSchema} cascade`);
      await letGo();
      return true;
    },
  };
}
