import type { AuditEvent } from '#libs/contracts';
import type { Pool } from 'pg';
import { reachable } from './database.js';
import { inTransaction } from './in-transaction.js';
import { PositionMoved } from './projection-writer.js';

/** A row of the feed, by column name. */
export interface FeedRow {
  sequence: number;
  ordinal: number;
  audience: AuditEvent['audience'];
  /** Empty where nobody is. */
  receiver: string;
  image_id: string;
  type: string;
  actor: string | null;
  /** When the log had come here, ISO 8601: never earlier than that of the row before, whatever clocks say. */
  moment: string;
  event: AuditEvent;
}

export interface FeedPosition { readonly sequence: number; readonly logCreatedAt: string; readonly moment: string }

export interface FeedBatch {
  readonly after: FeedPosition;
  readonly to: FeedPosition;
  readonly rows: readonly FeedRow[];
  /** Images that have another owner now: their whole past is his. */
  readonly owners: ReadonlyMap<string, string>;
}

/** What the follower that fills the feed needs. Refuses: Unavailable. */
export interface FeedWriter {
  feedPosition(): Promise<FeedPosition>;
  /** Empties the feed, for another log. */
  restartFeed(logCreatedAt: string): Promise<FeedPosition>;
  /** Rows and position in one transaction, or nothing. Throws `PositionMoved` where another one has gone on from there, or the catalogue was rebuilt. */
  writeFeed(batch: FeedBatch): Promise<void>;
}

interface PositionRow { sequence: string; log_created_at: string; moment: string }
const positionSql = `select sequence, log_created_at, to_json(moment) #>> '{}' as moment from feed_position`;

/** Without waiting for the disk: what PostgreSQL forgets in a crash, position and rows alike, comes from the log once more. */
const moveSql = `
  with hurry as materialized (select set_config('synchronous_commit', 'off', true)),
    moved as (update feed_position set sequence = $3, moment = $4 from hurry where sequence = $1 and log_created_at = $2 returning 1),
    written as (insert into image_events select r.* from json_populate_recordset(null::image_events, $5) r where exists (select from moved))
  select count(*)::int as moved from moved`;

export function feedWriter(pool: Pool): FeedWriter {
  async function feedPosition(): Promise<FeedPosition> {
    const { rows: [row] } = await pool.query<PositionRow>(positionSql);
    if (!row) throw new Error('the feed has no position: run the migrations');
    return { sequence: Number(row.sequence), logCreatedAt: row.log_created_at, moment: new Date(row.moment).toISOString() };
  }

  async function writeFeed({ after, to, rows, owners }: FeedBatch): Promise<void> {
    const values = [after.sequence, after.logCreatedAt, to.sequence, to.moment, JSON.stringify(rows)];
    const move = async (client: Pick<Pool, 'query'>): Promise<void> => {
      const { rows: [result] } = await client.query<{ moved: number }>({ name: 'feed', text: moveSql, values });
      if (result?.moved !== 1) throw new PositionMoved(after.sequence);
    };
    if (owners.size === 0) return move(pool);
    await inTransaction(pool, async (client) => {
      await move(client);
      for (const [imageId, owner] of owners) {
        await client.query(`update image_events set receiver = $2 where image_id = $1 and audience = 'owner' and receiver <> $2`, [imageId, owner]);
      }
    });
  }

  return {
    feedPosition: () => reachable(feedPosition),
    restartFeed: (logCreatedAt) => reachable(async () => {
      await pool.query('truncate image_events');
      await pool.query(`update feed_position set sequence = 0, log_created_at = $1, moment = '1970-01-01T00:00:00Z'`, [logCreatedAt]);
      return feedPosition();
    }),
    writeFeed: (batch) => reachable(() => writeFeed(batch)),
  };
}
