import type { Pool } from 'pg';
import { isLowerUuid, replicationFromJson, type ReplicationsAnswer } from '#libs/contracts';
import type { ReplicatedImage, ReplicationExecution, ReplicationPolicy } from '#libs/domain';
import { reachable } from './database.js';
import { readAt, type AtLeast } from './reads.js';
import { replicationOf, type ReplicationRow } from './replication.row.js';

export interface PolicyRecord { readonly id: string; readonly policy: ReplicationPolicy }
/** An execution with how many of its images are how far, and without the images. */
export interface ExecutionHead {
  readonly id: string;
  readonly execution: Omit<ReplicationExecution, 'images'>;
  readonly counts: Readonly<Record<ReplicatedImage['status'], number>>;
  readonly sentBytes: number;
  readonly totalBytes: number;
}
export interface ReplicationPage { readonly limit: number; readonly marker?: string }

/** What gateways and federation read of replication. Refuses: Unavailable. */
export interface ReplicationReads {
  replicationPolicy(id: string, options?: AtLeast): Promise<PolicyRecord | undefined>;
  /** Oldest first; undefined where the marker is no policy. */
  replicationPolicies(page: ReplicationPage, options?: AtLeast): Promise<readonly PolicyRecord[] | undefined>;
  replicationExecution(id: string, options?: AtLeast): Promise<ReplicationExecution | undefined>;
  /** Of one policy, newest first; undefined where the marker is none of its executions. */
  replicationExecutions(policyId: string, page: ReplicationPage, options?: AtLeast): Promise<readonly ExecutionHead[] | undefined>;
  /** Every policy with its executions that are not over, up to a thousand policies. */
  replicationsToDrive(): Promise<ReplicationsAnswer>;
}

const mostDriven = 1000;

export function replicationReads(pool: Pool): ReplicationReads {
  const one = (id: string, kind: ReplicationRow['kind'], atLeast: number | undefined) => readAt(atLeast, async () => {
    const text = 'select p.sequence as position, to_json(r) as row from position p left join replications r on r.id = $1 and r.kind = $2';
    const { rows: [found] } = await pool.query<{ position: string; row: ReplicationRow | null }>({ name: 'replication-by-id', text, values: [id, kind] });
    return { position: positionOf(found), row: found?.row };
  });
  return {
    async replicationPolicy(id, { atLeast } = {}) {
      if (!isLowerUuid(id)) return undefined;
      const { row } = await one(id, 'policy', atLeast);
      return row ? policyOf(row) : undefined;
    },
    async replicationPolicies({ limit, marker }, { atLeast } = {}) {
      if (marker !== undefined && !isLowerUuid(marker)) return undefined;
      const { markerIsThere, rows } = await readAt(atLeast, async () => {
        const { rows: [found] } = await pool.query<Page<ReplicationRow>>({ name: 'replication-policies', text: policiesSql, values: [limit, marker ?? null] });
        return pageOf(found);
      });
      return markerIsThere ? rows.map(policyOf) : undefined;
    },
    async replicationExecution(id, { atLeast } = {}) {
      if (!isLowerUuid(id)) return undefined;
      const state = (await one(id, 'execution', atLeast)).row;
      const found = state ? replicationOf(state) : undefined;
      return found?.kind === 'execution' ? found : undefined;
    },
    async replicationExecutions(policyId, { limit, marker }, { atLeast } = {}) {
      if (marker !== undefined && !isLowerUuid(marker)) return undefined;
      const { markerIsThere, rows } = await readAt(atLeast, async () => {
        const { rows: [found] } = await pool.query<Page<HeadRow>>({ name: 'replication-executions', text: executionsSql, values: [policyId, limit, marker ?? null] });
        return pageOf(found);
      });
      return markerIsThere ? rows.map(headOf) : undefined;
    },
    replicationsToDrive: () => reachable(async () => {
      const { rows } = await pool.query<{ row: ReplicationRow; open: Pick<ReplicationRow, 'id' | 'state'>[] }>(drivenSql, [mostDriven]);
      return { policies: rows.map(({ row, open }) => ({ ...policyOf(row), openExecutions: open.map(({ id, state }) => ({ id, execution: replicationFromJson(state) as unknown as Omit<ReplicationExecution, 'images'> })) })) };
    }),
  };
}

interface Page<Row> { readonly position: string; readonly markerIsThere: boolean; readonly rows: readonly Row[] }
interface HeadRow { readonly id: string; readonly state: Omit<ReplicationExecution, 'images'>; readonly counts: Partial<ExecutionHead['counts']>; readonly sent: number; readonly total: number }

function pageOf<Row>(found: Page<Row> | undefined): { readonly position: number; readonly markerIsThere: boolean; readonly rows: readonly Row[] } {
  const position = positionOf(found);
  return { position, markerIsThere: found?.markerIsThere ?? false, rows: found?.rows ?? [] };
}

function positionOf(found: { readonly position?: string } | undefined): number {
  if (found?.position === undefined) throw new Error('the read model has no position: run the migrations');
  return Number(found.position);
}

function policyOf(row: ReplicationRow): PolicyRecord {
  const state = replicationOf(row);
  if (state.kind !== 'policy') throw new Error(`${row.id} is no policy`);
  return { id: row.id, policy: state };
}

const headOf = ({ id, state, counts, sent, total }: HeadRow): ExecutionHead => ({
  id, execution: replicationFromJson(state as ReplicationExecution), counts: { pending: 0, done: 0, skipped: 0, failed: 0, ...counts }, sentBytes: Number(sent), totalBytes: Number(total),
});

const policiesSql = `
  select p.sequence as position, $2::uuid is null or exists (select from replications where id = $2 and kind = 'policy') as "markerIsThere",
    (select coalesce(json_agg(r order by r.created_at, r.id), '[]') from (
      select * from replications where kind = 'policy' and ($2::uuid is null or (created_at, id) > (select created_at, id from replications where id = $2))
      order by created_at, id limit $1) r) as rows
  from position p`;

const executionsSql = `
  select p.sequence as position, $3::uuid is null or exists (select from replications where id = $3 and kind = 'execution' and policy_id = $1) as "markerIsThere",
    (select coalesce(json_agg(json_build_object('id', r.id, 'state', r.state - 'images',
        'counts', (select coalesce(json_object_agg(status, n), '{}') from (select i->>'status' as status, count(*) as n from jsonb_array_elements(r.state->'images') i group by 1) c),
        'sent', (select coalesce(sum((i->>'sentBytes')::bigint), 0) from jsonb_array_elements(r.state->'images') i),
        'total', (select coalesce(sum((i->>'sizeBytes')::bigint), 0) from jsonb_array_elements(r.state->'images') i)) order by r.created_at desc, r.id desc), '[]') from (
      select * from replications where kind = 'execution' and policy_id = $1 and ($3::uuid is null or (created_at, id) < (select created_at, id from replications where id = $3))
      order by created_at desc, id desc limit $2) r) as rows
  from position p`;

const drivenSql = `
  select to_json(r) as row, (select coalesce(json_agg(json_build_object('id', e.id, 'state', e.state - 'images') order by e.created_at, e.id), '[]') from (
      select * from replications where kind = 'execution' and policy_id = r.id and status in ('waiting', 'running', 'paused') order by created_at, id limit 10) e) as open
  from replications r where r.kind = 'policy' order by r.created_at, r.id limit $1`;
