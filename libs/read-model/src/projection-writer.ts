import { addressOf, decodeCommit, hashOfCommit, isLowerUuid } from '#libs/contracts';
import type { Pool, PoolClient } from 'pg';
import { reachable, type Database } from './database.js';
import { noChanges, projectImage, type Changes, type KnownImage, type Placed } from './image.projection.js';
import { stateOf, type ImageRow, type MemberRow, type ParkedRow } from './image.row.js';
import { importRowsSql, importRowValues } from './import.projection.js';
import type { LogMessage } from './log-message.js';
import { addMetadefChanges, noMetadefChanges, type MetadefChanges, type PlacedMetadef } from './metadef.projection.js';
import type { ParkedNamespaceRow } from './metadef.row.js';
import { usageRowsSql } from './usage.row.js';
import { changesOfNamespace, groupByNamespace, hasMetadefChanges, metadefRowsSql, metadefRowValues, projectNamespaces } from './metadef.writer.js';

export interface BatchPlace {
  /** The position that the batch continues from: nothing between it and the first message is missing. */
  readonly after: number;
  /** Which log this is: the stream's time of creation. */
  readonly logCreatedAt: string;
}

/**
 * Somebody else has moved the position, or a rebuilt catalogue took the place of this one. Nothing was written.
 * Who still is the projector asks for `position()` and goes on from there.
 */
export class PositionMoved extends Error {
  override readonly name = 'PositionMoved';
  constructor(readonly expected: number) {
    super(`the read model is no longer at position ${expected}`);
  }
}

/** How many raw commits the guard keeps for `log:repair`. */
export const logTailLength = 10_000;

export interface ProjectionWriter {
  /**
   * Applies messages that follow `after` in the log: rows, position, guard and log tail in one transaction, or nothing.
   * A message that cannot be projected parks its image or namespace and is reported; the batch goes on. Throws `PositionMoved`; `Problem('Unavailable')`.
   */
  applyBatch(batch: readonly LogMessage[], place: BatchPlace): Promise<Applied>;
  /** The position that the rows stand at. */
  position(): Promise<ReadPosition>;
}

export interface Applied { readonly position: number; readonly parked: readonly (ParkedRow | ParkedNamespaceRow)[] }

export interface ReadPosition { readonly sequence: number; readonly logCreatedAt: string }

/** `guarded`: whether the guard moves too. It does with the live catalogue, and not with one that is rebuilt beside it. */
export function projectionWriter({ pool }: Pick<Database, 'pool'>, { guarded }: { readonly guarded: boolean }): ProjectionWriter {
  const write = guarded ? writeGuarded : writeRows;
  return {
    applyBatch: (batch, place) => reachable(() => applyBatch(pool, write, batch, place)),
    position: () => reachable(() => readPosition(pool)),
  };
}

async function readPosition(pool: Pool): Promise<ReadPosition> {
  const { rows: [row] } = await pool.query<{ sequence: string; log_created_at: string }>('select sequence, log_created_at from position');
  if (!row) throw new Error('the read model has no position: run the migrations');
  return { sequence: Number(row.sequence), logCreatedAt: row.log_created_at };
}

interface BatchChanges { readonly images: Changes; readonly metadefs: MetadefChanges }
interface Batch { readonly messages: readonly LogMessage[]; readonly last: LogMessage; readonly place: BatchPlace }
type Write = (pool: Pool, changes: BatchChanges, batch: Batch) => Promise<void>;

async function applyBatch(pool: Pool, write: Write, messages: readonly LogMessage[], place: BatchPlace): Promise<Applied> {
  const last = messages.at(-1);
  if (!last) return { position: place.after, parked: [] };
  if (messages[0] && messages[0].sequence <= place.after) throw new PositionMoved(place.after);
  const batch = { messages, last, place };
  const [byImage, byNamespace] = [groupByImage(messages), groupByNamespace(messages)];
  const changes = { images: projectAll(byImage, await loadKnown(pool, [...byImage.keys()])), metadefs: await projectNamespaces(pool, byNamespace) };
  try {
    await write(pool, changes, batch);
    return { position: last.sequence, parked: parkedIn(changes) };
  } catch (error) {
    if (!isDataFault(error)) throw error;
  }
  const writable = await parkUnwritable(pool, changes, byImage, byNamespace);
  await write(pool, writable, batch);
  return { position: last.sequence, parked: parkedIn(writable) };
}

const parkedIn = ({ images, metadefs }: BatchChanges): Applied['parked'] => [...images.parked, ...metadefs.parkedNamespaces];

/** The commits of each image, ids in order: two writers that lock rows in one order cannot wait for each other. */
export function groupByImage(batch: readonly LogMessage[]): Map<string, Placed[]> {
  const byImage = new Map<string, Placed[]>();
  for (const message of batch) {
    const { kind, token } = addressOf(message.subject);
    if (kind !== 'image' || !isLowerUuid(token)) continue;
    const commits = byImage.get(token);
    const placed: Placed = { sequence: message.sequence, imageId: token, commit: readCommit(token, message.bytes) };
    if (commits) commits.push(placed);
    else byImage.set(token, [placed]);
  }
  return new Map([...byImage].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function readCommit(imageId: string, bytes: Uint8Array): Placed['commit'] {
  try {
    const commit = decodeCommit(bytes);
    return commit.aggregateId === imageId ? commit : { unreadable: `the commit is one of ${commit.aggregateId}` };
  } catch (error) {
    return { unreadable: error instanceof Error ? error.message : String(error) };
  }
}

export interface Known { readonly images: ReadonlyMap<string, KnownImage>; readonly parked: ReadonlySet<string> }

export function projectAll(byImage: ReadonlyMap<string, readonly Placed[]>, known: Known): Changes {
  const all = noChanges();
  for (const [imageId, commits] of byImage) {
    if (known.parked.has(imageId)) continue;
    addChanges(all, projectImage(imageId, known.images.get(imageId), commits).changes);
  }
  return all;
}

function addChanges(all: Changes, more: Changes): void {
  all.images.push(...more.images);
  all.deletedImages.push(...more.deletedImages);
  all.members.push(...more.members);
  all.removedMembers.push(...more.removedMembers);
  all.attempts.push(...more.attempts);
  all.removedAttempts.push(...more.removedAttempts);
  all.parked.push(...more.parked);
  all.imports.push(...more.imports);
  all.usage.push(...more.usage);
  all.released.push(...more.released);
}

const loadSql = `
  select
    (select coalesce(json_agg(json_build_object('row', i, 'members',
        (select coalesce(json_agg(m), '[]') from image_members m where m.image_id = i.id))), '[]')
      from images i where i.id = any($1::uuid[])) as images,
    (select coalesce(json_agg(image_id), '[]') from parked_images where image_id = any($1::uuid[])) as parked`;

async function loadKnown(pool: Pool, imageIds: readonly string[]): Promise<Known> {
  if (imageIds.length === 0) return { images: new Map(), parked: new Set() };
  const { rows: [found] } = await pool.query<{ images: { row: ImageRow; members: MemberRow[] }[]; parked: string[] }>(
    { name: 'known', text: loadSql, values: [imageIds] });
  const images = found?.images.map(({ row, members }): [string, KnownImage] =>
    [row.id, { version: row.version, sequence: row.sequence, image: stateOf(row, members) }]);
  return { images: new Map(images), parked: new Set(found?.parked) };
}

const imageColumns = [
  'name', 'owner', 'is_protected', 'is_hidden', 'container_format', 'disk_format', 'min_disk', 'min_ram', 'status', 'visibility', 'tags',
  'properties', 'size_bytes', 'virtual_size_bytes', 'checksum', 'os_hash_algo', 'os_hash_value', 'attempts', 'staged', 'importing', 'last_import_failed_stores', 'created_at', 'updated_at', 'version', 'sequence',
];
const overwrite = (columns: readonly string[]) => columns.map((column) => `${column} = excluded.${column}`).join(', ');

/** The rows of a batch; `{only}` is where a condition on all of them goes. Parameters 1 to 7 are the changes, as JSON. */
const rowsSql = (only: string): string[] => [
  `insert into images select r.* from json_populate_recordset(null::images, $1) r ${only}
     on conflict (id) do update set ${overwrite(imageColumns)} where images.sequence < excluded.sequence`,
  `insert into image_members select r.* from json_populate_recordset(null::image_members, $2) r ${only}
     on conflict (image_id, member_id) do update set ${overwrite(['ordinal', 'status', 'created_at', 'updated_at'])}`,
  `insert into data_attempts select r.* from json_populate_recordset(null::data_attempts, $3) r ${only}
     on conflict (image_id, attempt_id) do update set ${overwrite(['state', 'since'])}`,
  `delete from images using json_array_elements_text($4) r where id = r::uuid ${only.replace('where', 'and')}`,
  `delete from image_members m using json_array_elements_text($4) r where m.image_id = r::uuid ${only.replace('where', 'and')}`,
  `delete from image_members m using json_populate_recordset(null::image_members, $5) r
     where m.image_id = r.image_id and m.member_id = r.member_id ${only.replace('where', 'and')}`,
  `delete from data_attempts a using json_populate_recordset(null::data_attempts, $6) r
     where a.image_id = r.image_id and a.attempt_id = r.attempt_id ${only.replace('where', 'and')}`,
  `insert into parked_images select r.* from json_populate_recordset(null::parked_images, $7) r ${only} on conflict do nothing`,
];

const ctes = (statements: readonly string[]) => statements.map((sql, place) => `s${place} as (${sql})`).join(',\n');

const guardSql = [
  `insert into guard.log_position (log_created_at, sequence, hash) select $10, $9, $11 where exists (select from moved)
     on conflict (id) do update set log_created_at = excluded.log_created_at, sequence = excluded.sequence, hash = excluded.hash
     where log_position.sequence < excluded.sequence or log_position.log_created_at <> excluded.log_created_at`,
  `insert into guard.log_tail (sequence, subject, bytes)
     select r.sequence, r.subject, r.bytes from unnest($12::bigint[], $13::text[], $14::bytea[]) as r (sequence, subject, bytes)
     where exists (select from moved) on conflict (sequence) do update set subject = excluded.subject, bytes = excluded.bytes`,
  `delete from guard.log_tail where sequence <= $15 and exists (select from moved)`,
];

/** Reservations end where what they were for is counted. A catalogue that is rebuilt beside the live one has none. */
const releaseSql = (only: string, first: number): string[] => [`delete from guard.reservations r where r.holder = any($${first}::text[]) ${only.replace('where', 'and')}`];

/**
 * One statement is one transaction, and one round trip: the position moves on from $8, and everything else happens only if it did.
 * A second projector waits at the position's row and then finds that it has moved.
 */
const writeSql = (more: readonly string[]): string => `with
  moved as (update position set sequence = $9, log_created_at = $10 where sequence = $8 returning 1),
  ${ctes([...rowsSql('where exists (select from moved)'), ...more])}
  select count(*)::int as moved from moved`;

async function writeGuarded(pool: Pool, changes: BatchChanges, { messages, last, place }: Batch): Promise<void> {
  const tail = messages.slice(-logTailLength);
  const released = changes.images.released.map(({ holder }) => holder);
  await writeWith(pool, 'apply', { more: guardSql, released }, changes, place.after, [
    place.after, last.sequence, place.logCreatedAt, hashOfCommit(last.bytes),
    tail.map(({ sequence }) => sequence), tail.map(({ subject }) => subject), tail.map(({ bytes }) => Buffer.from(bytes)),
    trimmedUpTo(place.after, last.sequence),
  ]);
}

async function writeRows(pool: Pool, changes: BatchChanges, { last, place: { after, logCreatedAt } }: Batch): Promise<void> {
  await writeWith(pool, 'apply-rows', { more: [], released: [] }, changes, after, [after, last.sequence, logCreatedAt]);
}

/** Metadata definitions, imports and counters change more seldom than images: the statement of every day does without them. */
async function writeWith(pool: Pool, name: string, { more, released }: { readonly more: readonly string[]; readonly released: readonly string[] }, { images, metadefs }: BatchChanges, after: number, values: readonly unknown[]): Promise<void> {
  const only = 'where exists (select from moved)';
  const written: Written = { name, statements: [...more], values: [...rowValues(images), ...values] };
  if (hasMetadefChanges(metadefs)) add(written, 'metadefs', (first) => metadefRowsSql(only, first), metadefRowValues(metadefs));
  if (images.imports.length > 0) add(written, 'imports', (first) => importRowsSql(only, first), importRowValues(images.imports));
  if (images.usage.length > 0) add(written, 'usage', (first) => usageRowsSql(only, first), [JSON.stringify(images.usage)]);
  if (released.length > 0) add(written, 'released', (first) => releaseSql(only, first), [released]);
  await move(pool, written.name, writeSql(written.statements), after, written.values);
}

interface Written { name: string; readonly statements: string[]; readonly values: unknown[] }

function add(written: Written, what: string, sql: (firstParameter: number) => string[], values: readonly unknown[]): void {
  written.name += `-${what}`;
  written.statements.push(...sql(written.values.length + 1));
  written.values.push(...values);
}

async function move(pool: Pool, name: string, text: string, after: number, values: unknown[]): Promise<void> {
  const { rows: [result] } = await pool.query<{ moved: number }>({ name, text, values });
  if (result?.moved !== 1) throw new PositionMoved(after);
}

/** The tail is trimmed once in a while, not with every commit: the newest `logTailLength` messages always stay. */
function trimmedUpTo(before: number, sequence: number): number {
  const interval = 500;
  return Math.floor(before / interval) === Math.floor(sequence / interval) ? 0 : sequence - logTailLength;
}

function rowValues(changes: Changes): string[] {
  const { images, members, attempts, deletedImages, removedMembers, removedAttempts, parked } = changes;
  return [images, members, attempts, deletedImages, removedMembers, removedAttempts, parked].map((rows) => JSON.stringify(rows));
}

/** PostgreSQL refuses the value itself (a NUL in a text, a number out of range), whoever writes it and however often. */
const isDataFault = (error: unknown): boolean => /^(22|23|54)/.test((error as { code?: string }).code ?? '');

/** Tries the rows of every image and namespace alone, in a transaction that is undone, and parks those that PostgreSQL refuses. */
async function parkUnwritable(
  pool: Pool, { images, metadefs }: BatchChanges, byImage: ReadonlyMap<string, readonly Placed[]>, byNamespace: ReadonlyMap<string, readonly PlacedMetadef[]>,
): Promise<BatchChanges> {
  const client = await pool.connect();
  const result = { images: noChanges(), metadefs: noMetadefChanges() };
  try {
    await client.query('begin');
    for (const [imageId, commits] of byImage) {
      const own = changesOf(images, imageId);
      const reason = await refusal(client, rowsSql('where true'), rowValues(own));
      if (reason === undefined) addChanges(result.images, own);
      else result.images.parked.push({ image_id: imageId, sequence: commits[0]?.sequence ?? 0, reason });
    }
    for (const [token, commits] of byNamespace) {
      const own = changesOfNamespace(metadefs, token, commits);
      const reason = await refusal(client, metadefRowsSql('where true', 1), metadefRowValues(own));
      if (reason === undefined) addMetadefChanges(result.metadefs, own);
      else result.metadefs.parkedNamespaces.push({ token, sequence: commits[0]?.sequence ?? 0, reason });
    }
    await client.query('rollback');
    client.release();
    return result;
  } catch (error) {
    client.release(true);
    throw error;
  }
}

async function refusal(client: PoolClient, statements: readonly string[], values: readonly string[]): Promise<string | undefined> {
  await client.query('savepoint one');
  try {
    await client.query(`with ${ctes(statements)} select 1`, [...values]);
    return undefined;
  } catch (error) {
    if (!isDataFault(error)) throw error;
    return error instanceof Error ? error.message : String(error);
  } finally {
    await client.query('rollback to savepoint one');
  }
}

function changesOf(changes: Changes, imageId: string): Changes {
  const own = (row: { image_id: string }) => row.image_id === imageId;
  return {
    images: changes.images.filter(({ id }) => id === imageId),
    deletedImages: changes.deletedImages.filter((id) => id === imageId),
    members: changes.members.filter(own), removedMembers: changes.removedMembers.filter(own),
    attempts: changes.attempts.filter(own), removedAttempts: changes.removedAttempts.filter(own), parked: changes.parked.filter(own),
    imports: changes.imports.filter(own), usage: changes.usage.filter(own), released: changes.released.filter(own),
  };
}
