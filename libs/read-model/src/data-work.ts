import type { Pool } from 'pg';
import type { StoredImage } from '#libs/contracts';
import { reachable, type Database } from './database.js';
import { AttemptEntity, ParkedEntity, ParkedNamespaceEntity } from './entities.js';
import type { ImageRow } from './image.row.js';

/** An attempt that somebody must look after. The read model only proposes: what is done rests on the log's leader. */
export interface AttemptCandidate {
  readonly imageId: string;
  readonly attemptId: string;
  readonly storeId: string;
  readonly since: Date;
}

export interface Counts {
  readonly images: Readonly<Record<string, number>>;
  readonly openAttempts: number;
  readonly removals: number;
  readonly parked: number;
}

export interface DataWork {
  /** Attempts that are over and whose bytes may still lie in a store, or in one of those named; longest waiting first, after `after` where given. */
  removalCandidates(limit: number, among?: { readonly after?: AttemptCandidate; readonly storeIds?: readonly string[] }): Promise<AttemptCandidate[]>;
  /** Attempts that the log has not ended yet and that a lease keeps open, oldest first: those whose lease ran out are the sweeper's. */
  openAttempts(limit: number, after?: AttemptCandidate): Promise<AttemptCandidate[]>;
  /** Uploads that can be resumed, are still open and began before this moment, oldest first. */
  resumableSince(startedBefore: Date, limit: number): Promise<AttemptCandidate[]>;
  /** Images with staged data that nobody imports and that have not changed since, longest waiting first. */
  stagedSince(unchangedSince: Date, limit: number): Promise<string[]>;
  /** Images with data in the order of their ids, after one where it is given, with every copy that they refer to. */
  storedImages(limit: number, after?: string): Promise<StoredImage[]>;
  /** Images whose commits could not be projected. */
  parkedImages(limit: number): Promise<{ readonly imageId: string; readonly sequence: number; readonly reason: string }[]>;
  /** Namespaces of metadata definitions whose commits could not be projected. */
  parkedNamespaces(limit: number): Promise<{ readonly token: string; readonly sequence: number; readonly reason: string }[]>;
  /** How many there are of what, for metrics; reads the whole table of images. */
  counts(): Promise<Counts>;
}

export function dataWork({ orm, pool }: Pick<Database, 'orm' | 'pool'>): DataWork {
  return {
    removalCandidates: (limit, { after, storeIds } = {}) => reachable(() => attempts(orm, 'over', limit, after, storeIds)),
    openAttempts: (limit, after) => reachable(() => attempts(orm, 'open', limit, after)),
    resumableSince: (startedBefore, limit) => reachable(() => resumable(orm, startedBefore, limit)),
    stagedSince: (unchangedSince, limit) => reachable(async () => {
      const { rows } = await pool.query<{ id: string }>(
        'select id from images where staged is not null and importing is null and updated_at < $1 order by updated_at limit $2', [unchangedSince.toISOString(), limit]);
      return rows.map(({ id }) => id);
    }),
    storedImages: (limit, after) => reachable(() => storedImages(pool, limit, after)),
    parkedImages: (limit) => reachable(async () => {
      const found = await orm.em.fork().find(ParkedEntity, {}, { orderBy: { sequence: 'asc' }, limit, disableIdentityMap: true });
      return found.map(({ imageId, sequence, reason }) => ({ imageId, sequence, reason }));
    }),
    parkedNamespaces: (limit) => reachable(async () => {
      const found = await orm.em.fork().find(ParkedNamespaceEntity, {}, { orderBy: { sequence: 'asc' }, limit, disableIdentityMap: true });
      return found.map(({ token, sequence, reason }) => ({ token, sequence, reason }));
    }),
    counts: () => reachable(() => counts(pool)),
  };
}

type StoredRow = Pick<ImageRow, 'id' | 'status' | 'disk_format' | 'container_format' | 'attempts'> & Pick<StoredImage, 'data'>;

async function storedImages(pool: Pool, limit: number, after = ''): Promise<StoredImage[]> {
  const { rows } = await pool.query<StoredRow>(`
    select id, status, disk_format, container_format, attempts,
      json_strip_nulls(json_build_object('sizeBytes', size_bytes, 'virtualSizeBytes', virtual_size_bytes, 'checksum', checksum, 'osHashAlgo', os_hash_algo, 'osHashValue', os_hash_value)) as data
    from images where size_bytes is not null and ($1 = '' or id > $1::uuid) order by id limit $2`, [after, limit]);
  return rows.map(({ id, status, disk_format: diskFormat, container_format: containerFormat, attempts: all, data }) => ({
    imageId: id, status, diskFormat, containerFormat, data,
    copies: all.filter(({ state }) => state === 'stored').map(({ state: _, ...copy }) => copy),
  }));
}

async function attempts(orm: Database['orm'], state: 'open' | 'over', limit: number, after?: AttemptCandidate, storeIds?: readonly string[]): Promise<AttemptCandidate[]> {
  const inStores = storeIds ? { storeId: { $in: [...storeIds] } } : {};
  const behind = after ? { $or: [{ since: { $gt: after.since } }, { since: after.since, attemptId: { $gt: after.attemptId } }] } : {};
  const found = await orm.em.fork().find(AttemptEntity, { state, ...(state === 'open' ? { isResumable: null } : {}), ...inStores, ...behind }, { orderBy: { since: 'asc', attemptId: 'asc' }, limit, disableIdentityMap: true });
  return found.map(candidate);
}

async function resumable(orm: Database['orm'], startedBefore: Date, limit: number): Promise<AttemptCandidate[]> {
  const found = await orm.em.fork().find(AttemptEntity, { state: 'open', isResumable: true, since: { $lt: startedBefore } }, { orderBy: { since: 'asc', attemptId: 'asc' }, limit, disableIdentityMap: true });
  return found.map(candidate);
}

const candidate = ({ imageId, attemptId, storeId, since }: AttemptCandidate): AttemptCandidate => ({ imageId, attemptId, storeId, since });

async function counts(pool: Pool): Promise<Counts> {
  const { rows: [row] } = await pool.query<{ found: Counts }>(`
    select json_build_object(
      'images', (select coalesce(json_object_agg(status, count), '{}') from (select status, count(*) from images group by status) by_status),
      'openAttempts', (select count(*) from data_attempts where state = 'open'),
      'removals', (select count(*) from data_attempts where state = 'over'),
      'parked', (select count(*) from parked_images)) as found`);
  if (!row) throw new Error('PostgreSQL answered a count with nothing');
  return row.found;
}
