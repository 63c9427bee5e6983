import type { AuditEvent } from '#libs/contracts';
import type { Pool } from 'pg';
import { readAt, type AtLeast } from './reads.js';

/** A place in the feed, between events: what comes after it has a larger sequence, or the same and a larger ordinal. */
export interface FeedCursor { readonly sequence: number; readonly ordinal: number }

export interface FeedQuery {
  /** The project whose feed it is; absent for the feed of the whole region. */
  readonly projectId?: string;
  readonly after: FeedCursor;
  readonly limit: number;
  readonly imageId?: string;
  readonly types?: readonly string[];
  readonly actor?: string;
  /** Moments at which the log had come that far: from `since` on, up to and without `until`. */
  readonly since?: Date;
  readonly until?: Date;
}

export interface FeedPage {
  readonly events: readonly AuditEvent[];
  /** Where the next page begins: also where this one has no event, because a page looks at a bounded number of them. */
  readonly next: FeedCursor;
  /** Whether there was more to look at. */
  readonly hasMore: boolean;
}

/** How many events one page looks at, whatever its filters leave of them. */
export const mostLookedAt = 5_000;

interface Found { position: number; events: { s: number; o: number; e: AuditEvent }[]; looked: number; last: FeedCursor | null }

/**
 * A page of the feed, oldest first: one range of one index, bounded by `mostLookedAt`. Never below `atLeast`: after two seconds `Problem('Unavailable')`,
 * also while the feed of a rebuilt catalogue is being filled.
 */
export async function listEvents(pool: Pool, query: FeedQuery, { atLeast }: AtLeast): Promise<FeedPage> {
  const { events, looked, last } = await readAt(atLeast, () => look(pool, query));
  const page = events.slice(0, query.limit);
  const isCut = events.length > query.limit;
  const end = page.at(-1);
  const next = isCut && end ? { sequence: end.s, ordinal: end.o } : last ?? query.after;
  return { events: page.map(({ e }) => e), next, hasMore: isCut || looked >= mostLookedAt };
}

async function look(pool: Pool, query: FeedQuery): Promise<Found> {
  const { text, values } = feedSql(query);
  const { rows: [found] } = await pool.query<Found>({ text, values });
  if (!found) throw new Error('the feed has no position: run the migrations');
  return { ...found, position: Number(found.position) };
}

/** What narrows the range stands inside; what only leaves events out of it is asked of each, and never makes the range longer. */
export function feedSql(query: FeedQuery): { text: string; values: unknown[] } {
  const values: unknown[] = [];
  const value = (given: unknown): string => `$${values.push(given)}`;
  const { range, kept } = conditionsOf(query, value);
  const limit = value(query.limit + 1);
  const text = `
    with looked as materialized (
      select e.sequence, e.ordinal, e.audience, ${kept.length > 0 ? kept.join(' and ') : 'true'} as fits from image_events e
      where ${range.join(' and ')} order by e.sequence, e.ordinal limit ${kept.length > 0 ? mostLookedAt : limit})
    select p.sequence as position, (select count(*)::int from looked) as looked,
      (select json_build_object('sequence', sequence, 'ordinal', ordinal) from looked order by sequence desc, ordinal desc limit 1) as last,
      (select coalesce(json_agg(json_build_object('s', r.sequence, 'o', r.ordinal, 'e', e.event) order by r.sequence, r.ordinal), '[]')
        from (select * from looked where fits order by sequence, ordinal limit ${limit}) r join image_events e using (sequence, ordinal, audience)) as events
    from feed_position p`;
  return { text, values };
}

const firstAt = (moment: string): string => `coalesce((select sequence from image_events where moment >= ${moment} order by moment, sequence limit 1), 9223372036854775807)`;

function conditionsOf({ projectId, after, imageId, types, actor, since, until }: FeedQuery, value: (given: unknown) => string): { range: string[]; kept: string[] } {
  const range = [`(e.sequence, e.ordinal) > (${value(after.sequence)}::bigint, ${value(after.ordinal)}::integer)`];
  const kept: string[] = [];
  if (since) range.push(`e.sequence >= ${firstAt(value(since))}`);
  if (until) range.push(`e.sequence < ${firstAt(value(until))}`);
  if (imageId !== undefined) range.push(`e.image_id = ${value(imageId)}`);
  // Each event has exactly one row for its owner, so leaving out the others makes no range much longer.
  if (projectId === undefined) range.push(`e.audience = 'owner'`);
  // The events of one image are few.
  else (imageId === undefined ? range : kept).push(`e.receiver = ${value(projectId)}`);
  if (types) kept.push(`e.type = any(${value(types)}::text[])`);
  if (actor !== undefined) kept.push(`coalesce(e.actor = ${value(actor)}, false)`);
  return { range, kept };
}
