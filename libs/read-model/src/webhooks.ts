import type { Pool, PoolClient } from 'pg';
import type { AuditEvent, Webhook, WebhookDelivery, WebhookOutcome, WebhookWork } from '#libs/contracts';
import { reachable } from './database.js';
import { listEvents, type FeedCursor } from './feed-list.js';
import { inTransaction } from './in-transaction.js';
import { afterAttempt, type WebhookRules } from './webhook-schedule.js';

/** Webhooks in schema `guard`, which no rebuild touches. Refuses: Unavailable. */
export interface Webhooks {
  /** From `after` on, in this log. False where its owner has as many as he may. */
  addWebhook(webhook: Pick<Webhook, 'id' | 'projectId' | 'ownerId' | 'url' | 'types'>, how: { readonly sealed: string; readonly after: number; readonly logCreatedAt: string; readonly at: Date; readonly most: number }): Promise<boolean>;
  /** Those that a project registered; all of the region for null. */
  webhooksOf(ownerId: string | null): Promise<Webhook[]>;
  webhook(id: string): Promise<Webhook | undefined>;
  removeWebhook(id: string): Promise<void>;
  /** The sealed target as it is after this: `to`, where it was `from`. Undefined where there is no such webhook. */
  resealWebhook(id: string, change?: { readonly from: string; readonly to: string }): Promise<string | undefined>;
  /** Pauses it, or lets it go on where it stopped. */
  activateWebhook(id: string, isActive: boolean, at: Date): Promise<void>;
  /** The last ones first, `mostDeliveries` at most. */
  webhookDeliveries(id: string): Promise<WebhookDelivery[]>;
  /** An event of the list of deliveries is sent once more. False where it is not in it. */
  deliverAgain(id: string, eventId: string): Promise<boolean>;
  /** What is to be sent now. Nobody else is given the same webhook for `claimMs`, or until it was reported. */
  claimWebhooks(limit: number, at: Date): Promise<WebhookWork[]>;
  /** What became of it, in the order of the events; the first that was not taken is the last one. */
  reportWebhook(id: string, outcomes: readonly WebhookOutcome[], how: { readonly isAgain: boolean; readonly at: Date; readonly rules: WebhookRules }): Promise<void>;
}

interface Row {
  id: string; project: string | null; owner: string; url: string; types: string[]; sealed: string; is_active: boolean; paused_because: string | null; created_at: string;
  log_created_at: string; sequence: string; ordinal: number; attempts: number; abandoned: number;
}

export const mostDeliveries = 200;
const claimMs = 120_000;
const idleMs = 1000;
const eventsAtOnce = 20;
const beyondCommit = 999_999_999;
const columns = 'id, project, owner, url, types, sealed, is_active, paused_because, to_json(created_at)#>>\'{}\' as created_at, log_created_at, sequence, ordinal, attempts, abandoned';

export function webhooks(pool: Pool): Webhooks {
  const rowsOf = async (condition: string, values: unknown[]): Promise<Row[]> => (await pool.query<Row>(`select ${columns} from guard.webhooks where ${condition} order by created_at, id`, values)).rows;
  return {
    addWebhook: ({ id, projectId, ownerId, url, types }, { sealed, after, logCreatedAt, at, most }) => reachable(() => inTransaction(pool, async (client) => {
      await client.query('select pg_advisory_xact_lock(hashtext($1))', [`webhooks of ${ownerId}`]);
      const { rows: [counted] } = await client.query<{ count: string }>('select count(*) from guard.webhooks where owner = $1 and id <> $2', [ownerId, id]);
      if (Number(counted?.count) >= most) return false;
      await client.query(`insert into guard.webhooks (id, project, owner, url, types, sealed, created_at, log_created_at, sequence, ordinal, next_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $7) on conflict (id) do nothing`, [id, projectId, ownerId, url, types, sealed, at, logCreatedAt, after, beyondCommit]);
      return true;
    })),
    webhooksOf: (ownerId) => reachable(async () => (await rowsOf('$1::text is null or owner = $1', [ownerId])).map(shown)),
    webhook: (id) => reachable(async () => (await rowsOf('id = $1', [id])).map(shown)[0]),
    removeWebhook: (id) => reachable(async () => { await pool.query('delete from guard.webhooks where id = $1', [id]); }),
    resealWebhook: (id, change) => reachable(async () => {
      if (change) await pool.query('update guard.webhooks set sealed = $3 where id = $1 and sealed = $2', [id, change.from, change.to]);
      return (await rowsOf('id = $1', [id]))[0]?.sealed;
    }),
    activateWebhook: (id, isActive, at) => reachable(async () => {
      await pool.query('update guard.webhooks set is_active = $2, paused_because = null, attempts = 0, abandoned = 0, next_at = $3 where id = $1', [id, isActive, at]);
    }),
    webhookDeliveries: (id) => reachable(async () => {
      const { rows } = await pool.query<{ event_id: string; state: WebhookDelivery['state']; attempts: number; status_code: number | null; reason: string; at: string }>(`
        select sequence || '-' || ordinal as event_id, state, attempts, status_code, reason, to_json(moment)#>>'{}' as at from guard.webhook_deliveries
        where webhook_id = $1 order by moment desc, sequence desc, ordinal desc limit ${mostDeliveries}`, [id]);
      return rows.map(({ event_id: eventId, state, attempts, status_code: statusCode, reason, at }) => ({ eventId, state, attempts, statusCode, reason, at: new Date(at).toISOString() }));
    }),
    deliverAgain: (id, eventId) => reachable(async () => {
      const { sequence, ordinal } = cursorIn(eventId);
      const { rowCount } = await pool.query(`update guard.webhook_deliveries set state = 'again' where webhook_id = $1 and sequence = $2 and ordinal = $3 and state <> 'retrying'`, [id, sequence, ordinal]);
      return rowCount === 1;
    }),
    claimWebhooks: (limit, at) => reachable(async () => {
      const { rows } = await pool.query<Row>(`
        update guard.webhooks set claimed_until = $1 where id in (
          select id from guard.webhooks w where (claimed_until is null or claimed_until < $2)
            and ((is_active and next_at <= $2) or exists (select from guard.webhook_deliveries d where d.webhook_id = w.id and d.state = 'again'))
          order by next_at limit $3 for update skip locked)
        returning ${columns}`, [new Date(at.getTime() + claimMs), at, limit]);
      return (await Promise.all(rows.map((row) => workOf(pool, row, at)))).filter((work) => work !== undefined);
    }),
    reportWebhook: (id, outcomes, how) => reachable(() => inTransaction(pool, async (client) => {
      for (const outcome of outcomes) await (how.isAgain ? noteAgain : noteAttempt)(client, id, outcome, how);
      await client.query('update guard.webhooks set claimed_until = null where id = $1', [id]);
      await client.query(`delete from guard.webhook_deliveries where webhook_id = $1 and (sequence, ordinal) not in (
        select sequence, ordinal from guard.webhook_deliveries where webhook_id = $1 order by moment desc, sequence desc, ordinal desc limit ${mostDeliveries})`, [id]);
    })),
  };
}

/** What was asked for once more comes first; then what comes after the last event that was taken. Who has nothing to be sent is let go again. */
async function workOf(pool: Pool, row: Row, at: Date): Promise<WebhookWork | undefined> {
  const { rows: again } = await pool.query<{ sequence: string; ordinal: number }>(`select sequence, ordinal from guard.webhook_deliveries where webhook_id = $1 and state = 'again' order by sequence, ordinal limit ${eventsAtOnce}`, [row.id]);
  if (again.length > 0) {
    const events = (await Promise.all(again.map(({ sequence, ordinal }) => eventAt(pool, row, { sequence: Number(sequence), ordinal })))).flat();
    if (events.length > 0) return { id: row.id, sealed: row.sealed, events, isAgain: true };
    // What the feed has no more, because the image is somebody else's by now, is not sent.
    await pool.query(`update guard.webhook_deliveries set state = 'abandoned', reason = 'This event is not in the feed any more.' where webhook_id = $1 and state = 'again'`, [row.id]);
  }
  if (row.is_active) {
    const after = await placeOf(pool, row);
    const { events, next } = await listEvents(pool, { ...feedOf(row), after, limit: row.attempts > 0 ? 1 : eventsAtOnce }, {});
    if (events.length > 0) return { id: row.id, sealed: row.sealed, events, isAgain: false };
    // Of what it looked at nothing was for this webhook.
    await pool.query('update guard.webhooks set sequence = $2, ordinal = $3 where id = $1', [row.id, next.sequence, next.ordinal]);
  }
  await pool.query('update guard.webhooks set claimed_until = null, next_at = $2 where id = $1', [row.id, new Date(at.getTime() + idleMs)]);
  return undefined;
}

const feedOf = ({ project, types }: Row): { projectId?: string; types?: readonly string[] } => ({ ...(project === null ? {} : { projectId: project }), ...(types.length > 0 ? { types } : {}) });

async function eventAt(pool: Pool, row: Row, { sequence, ordinal }: FeedCursor): Promise<readonly AuditEvent[]> {
  const { events } = await listEvents(pool, { ...feedOf(row), after: { sequence, ordinal: ordinal - 1 }, limit: 1 }, {});
  return events.filter(({ id }) => id === `${sequence}-${ordinal}`);
}

/** In a log that was made anew it begins with what comes. */
async function placeOf(pool: Pool, row: Row): Promise<FeedCursor> {
  const { rows: [feed] } = await pool.query<{ sequence: string; log_created_at: string }>('select sequence, log_created_at from feed_position');
  if (!feed || feed.log_created_at === '' || feed.log_created_at === row.log_created_at) return { sequence: Number(row.sequence), ordinal: row.ordinal };
  await pool.query('update guard.webhooks set log_created_at = $2, sequence = $3, ordinal = $4, attempts = 0 where id = $1', [row.id, feed.log_created_at, feed.sequence, beyondCommit]);
  return { sequence: Number(feed.sequence), ordinal: beyondCommit };
}

type How = Parameters<Webhooks['reportWebhook']>[2];

async function noteAttempt(client: PoolClient, id: string, { eventId, statusCode, reason }: WebhookOutcome, { at, rules }: How): Promise<void> {
  const { rows: [state] } = await client.query<{ attempts: number; abandoned: number }>('select attempts, abandoned from guard.webhooks where id = $1 for update', [id]);
  if (!state) return;
  const { sequence, ordinal } = cursorIn(eventId);
  const next = afterAttempt(state, statusCode, rules);
  await client.query(`insert into guard.webhook_deliveries values ($1, $2, $3, $4, $5, $6, $7, $8)
    on conflict (webhook_id, sequence, ordinal) do update set state = excluded.state, attempts = excluded.attempts, status_code = excluded.status_code, reason = excluded.reason, moment = excluded.moment`,
  [id, sequence, ordinal, next.state, state.attempts + 1, statusCode, reason, at]);
  const isDone = next.state !== 'retrying';
  await client.query(`update guard.webhooks set attempts = $2, abandoned = $3, next_at = $4, is_active = is_active and $5::text is null, paused_because = coalesce($5, paused_because),
      sequence = case when $6 then $7 else sequence end, ordinal = case when $6 then $8 else ordinal end where id = $1`,
  [id, next.attempts, next.abandoned, new Date(at.getTime() + next.waitSeconds * 1000), next.pausedBecause ?? null, isDone, sequence, ordinal]);
}

/** One attempt, whatever becomes of it; what is due otherwise goes on as it was. */
async function noteAgain(client: PoolClient, id: string, { eventId, statusCode, reason }: WebhookOutcome, { at }: How): Promise<void> {
  const { sequence, ordinal } = cursorIn(eventId);
  const state = statusCode !== null && statusCode >= 200 && statusCode < 300 ? 'delivered' : 'abandoned';
  await client.query('update guard.webhook_deliveries set state = $4, attempts = attempts + 1, status_code = $5, reason = $6, moment = $7 where webhook_id = $1 and sequence = $2 and ordinal = $3',
    [id, sequence, ordinal, state, statusCode, reason, at]);
}

function cursorIn(eventId: string): FeedCursor {
  const [, sequence, ordinal] = /^(\d{1,15})-(\d{1,9})$/.exec(eventId) ?? [];
  return { sequence: Number(sequence ?? 0), ordinal: Number(ordinal ?? 0) };
}

const shown = ({ id, project: projectId, owner: ownerId, url, types, is_active: isActive, paused_because: pausedBecause, created_at: createdAt }: Row): Webhook =>
  ({ id, projectId, ownerId, url, types, isActive, pausedBecause, createdAt: new Date(createdAt).toISOString() });
