import type { Pool, PoolClient } from 'pg';
import { granted, noUsage, type Claim, type Resource, type Usage } from '#libs/domain';
import { reachable } from './database.js';
import { batched } from './batched.js';
import { inTransaction } from './in-transaction.js';

/** The most of each that a project may use; Infinity where there is no limit. */
export type Limits = Readonly<Record<Resource, number>>;

export interface Claiming {
  readonly project: string;
  readonly imageId: string;
  readonly claims: readonly Claim[];
  readonly limits: Limits;
  /** Whether nothing may cross a limit, undeclared sizes included. */
  readonly isStrict: boolean;
  /** How much more than needed is taken of bytes, where there is room, so that nobody has to ask for every one. */
  readonly spareBytes?: number;
  /** Whether only reservations that are there may grow: what ended meanwhile stays ended. */
  readonly isGrowth?: true;
  readonly at: Date;
}

/** What was asked for is more than there is: so much would be used. */
export interface LimitReached { readonly resource: Resource; readonly limit: number; readonly asked: number }
export type Reserved = { readonly refused: LimitReached } | { readonly amounts: readonly number[] };

export interface Reservations {
  /**
   * Reserves all of the claims or none, exactly: one project's claims wait for one another, and what is counted and what is reserved are read in one snapshot.
   * A holder that has enough keeps it. Throws `Problem('Unavailable')`.
   */
  reserve(claiming: Claiming): Promise<Reserved>;
  /** Gives reservations back that came to nothing. */
  withdraw(holders: readonly string[]): Promise<void>;
  /** Whose project a holder's reservation belongs to, and which image; undefined where it has none. */
  reservationOf(holder: string): Promise<{ readonly project: string; readonly imageId: string } | undefined>;
  /** Reservations that nobody has touched since, longest first. */
  staleReservations(untouchedSince: Date, limit: number): Promise<{ readonly holder: string; readonly imageId: string }[]>;
  touchReservations(holders: readonly string[], at: Date): Promise<void>;
  /** What the commits that are projected add up to. */
  usageOfProject(project: string): Promise<Usage>;
}

/** Whoever waits for a project's lock waits outside of the pool: the projector needs a connection of it. */
const mostConnections = 3;

export function reservations(pool: Pool): Reservations {
  const reserveOf = batched<Claiming, Reserved>(mostConnections, (project, claimings) => reachable(() => inTransaction(pool, (client) => reserveAll(client, project, claimings))));
  return {
    reserve: (claiming) => reserveOf(claiming.project, claiming),
    withdraw: (holders) => reachable(async () => { await pool.query('delete from guard.reservations where holder = any($1)', [holders]); }),
    reservationOf: (holder) => reachable(async () => {
      const { rows: [row] } = await pool.query<{ project: string; image_id: string }>({ name: 'reservation', text: 'select project, image_id from guard.reservations where holder = $1', values: [holder] });
      return row && { project: row.project, imageId: row.image_id };
    }),
    staleReservations: (untouchedSince, limit) => reachable(async () => {
      const { rows } = await pool.query<{ holder: string; image_id: string }>(
        'select holder, image_id from guard.reservations where touched_at < $1 order by touched_at limit $2', [untouchedSince.toISOString(), limit]);
      return rows.map(({ holder, image_id: imageId }) => ({ holder, imageId }));
    }),
    touchReservations: (holders, at) => reachable(async () => { await pool.query('update guard.reservations set touched_at = $2 where holder = any($1)', [holders, at.toISOString()]); }),
    usageOfProject: (project) => reachable(async () => {
      const { rows: [row] } = await pool.query<{ used: Usage }>(
        `select json_build_object('images', images, 'sizeBytes', size_bytes, 'stageBytes', stage_bytes, 'uploads', uploads) as used from project_usage where project = $1`, [project]);
      return row?.used ?? noUsage;
    }),
  };
}

interface Row extends Usage { readonly crosses: boolean }
interface Standing { readonly taken: Usage; readonly own: readonly (Row & { readonly holder: string })[] }

/** Projected usage, every open reservation, and which of them are the holder's own: one statement, and so one snapshot. */
const standingSql = `
  select
    (select json_build_object('images', sum(images), 'sizeBytes', sum(size_bytes), 'stageBytes', sum(stage_bytes), 'uploads', sum(uploads)) from (
      select 0 as images, 0 as size_bytes, 0 as stage_bytes, 0 as uploads
      union all select images, size_bytes, stage_bytes, uploads from project_usage where project = $1
      union all select images, size_bytes, stage_bytes, uploads from guard.reservations where project = $1) every_part) as taken,
    (select coalesce(json_agg(json_build_object('holder', holder, 'images', images, 'sizeBytes', size_bytes, 'stageBytes', stage_bytes, 'uploads', uploads, 'crosses', crosses)), '[]')
      from guard.reservations where project = $1 and holder = any($2)) as own`;

/** What many want of one project at the same time is decided in one transaction, one after another. */
async function reserveAll(client: PoolClient, project: string, claimings: readonly Claiming[]): Promise<Reserved[]> {
  await lockProject(client, project);
  const holders = [...new Set(claimings.flatMap(({ claims }) => claims.map(({ holder }) => holder)))];
  const { rows: [standing] } = await client.query<Standing>({ name: 'standing', text: standingSql, values: [project, holders] });
  if (!standing) throw new Error('PostgreSQL answered a sum with nothing');
  let state: State = { taken: standing.taken, held: new Map(standing.own.map(({ holder, ...row }) => [holder, row])) };
  const [grown, begun]: [Written[], Written[]] = [[], []];
  const answers = claimings.map((claiming): Reserved => {
    const decided = decide(claiming, state);
    if ('refused' in decided) return decided;
    state = decided.state;
    (claiming.isGrowth ? grown : begun).push({ claiming, held: state.held });
    return { amounts: decided.amounts };
  });
  if (begun.length > 0) await write(client, upsertSql, project, begun);
  if (grown.length > 0) await write(client, growSql, project, grown);
  return answers;
}

interface State { readonly taken: Usage; readonly held: ReadonlyMap<string, Row> }

/** All of the claims or none: what is decided is a new state. */
function decide({ claims, limits, isStrict, spareBytes = 0 }: Claiming, before: State): { readonly state: State; readonly amounts: readonly number[] } | { readonly refused: LimitReached } {
  const taken: Record<Resource, number> = { ...before.taken };
  const held = new Map(before.held);
  const amounts: number[] = [];
  for (const { holder, resource, amount, isUnannounced } of claims) {
    const row = held.get(holder) ?? { ...noUsage, crosses: false };
    const now = row[resource];
    const next = granted({
      limit: limits[resource], taken: taken[resource], held: { amount: now, crosses: row.crosses },
      need: amount, want: amount > now ? amount + spareBytes : amount, mayCross: isUnannounced && !isStrict,
    });
    if (!next) return { refused: { resource, limit: limits[resource], asked: taken[resource] - now + amount } };
    taken[resource] += next.amount - now;
    held.set(holder, { ...row, [resource]: next.amount, crosses: next.crosses });
    amounts.push(next.amount);
  }
  return { state: { taken, held }, amounts };
}

/** Two that want something of one project wait for each other here, and nowhere else; the projector never does. */
async function lockProject(client: PoolClient, project: string): Promise<void> {
  const lock = async () => (await client.query({ name: 'lock-project', text: 'select from guard.limited_projects where project = $1 for update', values: [project] })).rowCount;
  if (await lock()) return;
  await client.query('insert into guard.limited_projects (project) values ($1) on conflict do nothing', [project]);
  await lock();
}

const upsertSql = {
  name: 'write-reservations', text: `
    insert into guard.reservations select r.* from json_populate_recordset(null::guard.reservations, $1) r
    on conflict (holder) do update set project = excluded.project, images = excluded.images, size_bytes = excluded.size_bytes, stage_bytes = excluded.stage_bytes,
      uploads = excluded.uploads, crosses = excluded.crosses, touched_at = excluded.touched_at`,
};
const growSql = {
  name: 'grow-reservations', text: `
    update guard.reservations held set size_bytes = r.size_bytes, stage_bytes = r.stage_bytes, crosses = r.crosses, touched_at = r.touched_at
    from json_populate_recordset(null::guard.reservations, $1) r where held.holder = r.holder`,
};

interface Written { readonly claiming: Claiming; readonly held: ReadonlyMap<string, Row> }

/** Of a holder that several claims are of, the last word counts. */
async function write(client: PoolClient, sql: typeof upsertSql, project: string, written: readonly Written[]): Promise<void> {
  const rows = new Map(written.flatMap(({ claiming: { claims, imageId, at }, held }) => claims.map(({ holder }) => {
    const { images, sizeBytes, stageBytes, uploads, crosses } = held.get(holder) ?? { ...noUsage, crosses: false };
    return [holder, { holder, project, image_id: imageId, images, size_bytes: sizeBytes, stage_bytes: stageBytes, uploads, crosses, touched_at: at.toISOString() }] as const;
  })));
  await client.query({ ...sql, values: [JSON.stringify([...rows.values()])] });
}
