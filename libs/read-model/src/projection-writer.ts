import { hashOfCommit } from '#libs/contracts';
import type { Pool, PoolClient } from 'pg';
import { copyRows } from './copy-rows.js';
import { reachable, type Database } from './database.js';
import { foldFresh, type FreshImages } from './fresh-images.js';
import { noChanges, type Changes, type Placed } from './image.projection.js';
import type { ParkedRow } from './image.row.js';
import { addChanges, changesOf, copiedImages, groupByImage, imageParts, knownOf, projectAll, type Part } from './image.writer.js';
import type { LogMessage } from './log-message.js';
import { addMetadefChanges, noMetadefChanges, type MetadefChanges, type PlacedMetadef } from './metadef.projection.js';
import type { ParkedNamespaceRow } from './metadef.row.js';
import { changesOfNamespace, groupByNamespace, metadefParts, projectNamespaces } from './metadef.writer.js';
import type { ParkedReplicationRow } from './replication.row.js';
import {
  addReplicationChanges, changesOfReplication, groupByReplication, noReplicationChanges, projectReplications, replicationParts, type PlacedReplication, type ReplicationChanges,
} from './replication.writer.js';
import { rememberNothing, type RememberedImages } from './remembered-images.js';

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
   * A message that cannot be projected parks its image, namespace or policy and is reported; the batch goes on. Throws `PositionMoved`; `Problem('Unavailable')`.
   * `remembered`: what the caller's own batches before this one made of the rows, nobody else having written meanwhile; of no use to a rebuild.
   */
  applyBatch(batch: readonly LogMessage[], place: BatchPlace, remembered?: RememberedImages): Promise<Applied>;
  /**
   * Decodes and folds a batch that is applied soon, as far as that needs nothing of the batches before it: whoever has one on its way to PostgreSQL meanwhile loses no time.
   * For a catalogue that is rebuilt, where most images begin. `folded`: what `foldFresh` has made of the same batch in another thread.
   */
  readAhead(batch: readonly LogMessage[], folded?: FreshImages): Promise<void>;
  /** The position that the rows stand at. */
  position(): Promise<ReadPosition>;
}

export interface Applied { readonly position: number; readonly parked: readonly (ParkedRow | ParkedNamespaceRow | ParkedReplicationRow)[] }

export interface ReadPosition { readonly sequence: number; readonly logCreatedAt: string }

/** `guarded`: whether the guard moves too. It does with the live catalogue, and not with one that is rebuilt beside it. */
export function projectionWriter({ pool }: Pick<Database, 'pool'>, { guarded }: { readonly guarded: boolean }): ProjectionWriter {
  return {
    applyBatch: (batch, place, remembered = rememberNothing) => reachable(() => applyBatch({ pool, guarded }, batch, place, remembered)),
    readAhead: async (batch, folded) => { if (!guarded) aheads.set(batch, await readAhead(batch, folded)); },
    position: () => reachable(() => readPosition(pool)),
  };
}

async function readPosition(pool: Pool): Promise<ReadPosition> {
  const { rows: [row] } = await pool.query<{ sequence: string; log_created_at: string }>('select sequence, log_created_at from position');
  if (!row) throw new Error('the read model has no position: run the migrations');
  return { sequence: Number(row.sequence), logCreatedAt: row.log_created_at };
}

interface BatchChanges { readonly images: Changes; readonly metadefs: MetadefChanges; readonly replications: ReplicationChanges }
/** `taken`: ids that nothing may be known of yet; where all of them are copied, their primary key says whether one is there. */
interface Batch { readonly messages: readonly LogMessage[]; readonly last: LogMessage; readonly place: BatchPlace; readonly taken: readonly string[]; readonly areCopied?: boolean }
interface Writing { readonly pool: Pool; readonly guarded: boolean }

/** Batches that were read ahead. */
const aheads = new WeakMap<readonly LogMessage[], Ahead>();
type Ahead = Pick<Grouped, 'byNamespace' | 'byReplication'> & { readonly fresh: FreshImages };

const readAhead = async (messages: readonly LogMessage[], folded: FreshImages | undefined): Promise<Ahead> =>
  ({ fresh: folded ?? await foldFresh(messages), byNamespace: groupByNamespace(messages), byReplication: groupByReplication(messages) });

async function applyBatch(to: Writing, messages: readonly LogMessage[], place: BatchPlace, remembered: RememberedImages): Promise<Applied> {
  const last = messages.at(-1);
  if (!last) return { position: place.after, parked: [] };
  if (messages[0] && messages[0].sequence <= place.after) throw new PositionMoved(place.after);
  const batch = { messages, last, place, taken: [] };
  // What is read ahead is not remembered, so that what is remembered may be old.
  const written = await writeAhead(to, batch) ?? await writeFolded(to, batch, to.guarded ? remembered : rememberNothing);
  return { position: last.sequence, parked: parkedIn(written) };
}

/** What was read ahead, new images by COPY. Undefined where it was not, where something was known of an image that was taken for new, or where PostgreSQL refuses a value: then nothing was written. */
async function writeAhead(to: Writing, batch: Batch): Promise<BatchChanges | undefined> {
  const ahead = aheads.get(batch.messages);
  if (!ahead) return undefined;
  const { fresh, byNamespace, byReplication } = ahead;
  const known = await knownOf(to.pool, fresh.others, rememberNothing);
  const images = projectAll(fresh.others, known).changes;
  addChanges(images, fresh.changes);
  const changes = { images, metadefs: await projectNamespaces(to.pool, byNamespace), replications: await projectReplications(to.pool, byReplication) };
  try {
    return await inTransaction(to.pool, async (client) => {
      if (!await writeStatement(client, to, changes, { ...batch, taken: [...fresh.ids, ...known.taken], areCopied: known.taken.length === 0 })) return false;
      await copyRows(client, fresh.rows, copiedImages);
      return true;
    }) ? changes : undefined;
  } catch (error) {
    if (isDataFault(error)) return undefined;
    throw error;
  }
}

async function writeFolded(to: Writing, batch: Batch, remembered: RememberedImages): Promise<BatchChanges> {
  const [byImage, byNamespace, byReplication] = [groupByImage(batch.messages), groupByNamespace(batch.messages), groupByReplication(batch.messages)];
  const others = { metadefs: await projectNamespaces(to.pool, byNamespace), replications: await projectReplications(to.pool, byReplication) };
  for (const asking of [false, true]) {
    const known = await knownOf(to.pool, byImage, remembered, { asking });
    const { changes: images, after } = projectAll(byImage, known);
    const written = await writeOrPark(to, { images, ...others }, { ...batch, taken: known.taken }, { byImage, byNamespace, byReplication });
    if (!written) continue;
    for (const [imageId, image] of after) remembered.set(imageId, written.images.parked.length > 0 ? undefined : image);
    return written;
  }
  throw new Error('PostgreSQL knows images that it was asked for and did not name');
}

const parkedIn = ({ images, metadefs, replications }: BatchChanges): Applied['parked'] => [...images.parked, ...metadefs.parkedNamespaces, ...replications.parkedReplications];

/** The commits of a batch, by what they are about. */
interface Grouped {
  readonly byImage: ReadonlyMap<string, readonly Placed[]>;
  readonly byNamespace: ReadonlyMap<string, readonly PlacedMetadef[]>;
  readonly byReplication: ReadonlyMap<string, readonly PlacedReplication[]>;
}

/** What was written in the end; undefined where something was known of an image that was taken for new. */
async function writeOrPark(to: Writing, changes: BatchChanges, batch: Batch, grouped: Grouped): Promise<BatchChanges | undefined> {
  try {
    return await writeStatement(to.pool, to, changes, batch) ? changes : undefined;
  } catch (error) {
    if (!isDataFault(error)) throw error;
  }
  const writable = await parkUnwritable(to.pool, changes, grouped);
  return await writeStatement(to.pool, to, writable, batch) ? writable : undefined;
}

const only = 'where exists (select from moved)';

/** What asks PostgreSQL: a pool, or the one connection of a transaction. */
type Asked = Pick<PoolClient, 'query'>;

/** What is done is kept where it came to `true`. */
async function inTransaction(pool: Pool, work: (client: PoolClient) => Promise<boolean>): Promise<boolean> {
  const client = await pool.connect();
  try {
    await client.query('begin');
    const isDone = await work(client);
    await client.query(isDone ? 'commit' : 'rollback');
    client.release();
    return isDone;
  } catch (error) {
    await client.query('rollback').then(() => client.release(), () => client.release(true));
    throw error;
  }
}

/**
 * One statement is one transaction, and one round trip: the position moves on from $1, and everything else happens only if it did.
 * A second projector waits at the position's row and then finds that it has moved.
 */
async function writeStatement(asked: Asked, { guarded }: Writing, { images, metadefs, replications }: BatchChanges, batch: Batch): Promise<boolean> {
  const { last, place: { after, logCreatedAt }, taken, areCopied = false } = batch;
  const parts = [...imageParts(images), ...metadefParts(metadefs), ...replicationParts(replications), ...(guarded ? guardParts(images, batch) : [])];
  const values: unknown[] = [after, last.sequence, logCreatedAt, taken];
  const statements = parts.flatMap((part) => {
    const first = values.length + 1;
    values.push(...part.values);
    return part.statements(only, first);
  });
  const { rows: [result] } = await asked.query<{ moved: number; clashes: boolean }>({ name: `apply-${areCopied ? 'copied-' : ''}${parts.map(({ letter }) => letter).join('')}`, text: writeSql(statements, areCopied), values });
  if (result?.clashes) return false;
  if (result?.moved !== 1) throw new PositionMoved(after);
  return true;
}

const writeSql = (statements: readonly string[], areCopied: boolean): string => `with
  ${ctes([
    ['clash', `select ${areCopied ? '' : 'exists (select from images where id = any($4::uuid[])) or '}exists (select from parked_images where image_id = any($4::uuid[])) or exists (select from deleted_images where image_id = any($4::uuid[])) as "is"`],
    ['moved', `update position set sequence = $2, log_created_at = $3 where sequence = $1 and not (select "is" from clash) returning 1`],
    ...statements.map((sql, place) => [`s${place}`, sql] as const),
  ])}
  select (select count(*)::int from moved) as moved, (select "is" from clash) as clashes`;

const ctes = (named: readonly (readonly [string, string])[]): string => named.map(([name, sql]) => `${name} as (${sql})`).join(',\n');

function guardParts({ released }: Changes, { messages, last, place }: Batch): Part[] {
  const tail = messages.slice(-logTailLength);
  const trimmed = trimmedUpTo(place.after, last.sequence);
  return [
    {
      letter: 'G', values: [hashOfCommit(last.bytes), tail.map(({ sequence }) => sequence), tail.map(({ subject }) => subject), tail.map(({ bytes }) => Buffer.from(bytes))],
      statements: (_, first) => [
        `insert into guard.log_position (log_created_at, sequence, hash) select $3, $2, $${first} ${only}
           on conflict (id) do update set log_created_at = excluded.log_created_at, sequence = excluded.sequence, hash = excluded.hash
           where log_position.sequence < excluded.sequence or log_position.log_created_at <> excluded.log_created_at`,
        `insert into guard.log_tail (sequence, subject, bytes)
           select r.sequence, r.subject, r.bytes from unnest($${first + 1}::bigint[], $${first + 2}::text[], $${first + 3}::bytea[]) as r (sequence, subject, bytes)
           ${only} on conflict (sequence) do update set subject = excluded.subject, bytes = excluded.bytes`,
      ],
    },
    ...(trimmed > 0 ? [{ letter: 'T', values: [trimmed], statements: (_: string, first: number) => [`delete from guard.log_tail where sequence <= $${first} and exists (select from moved)`] }] : []),
    // Reservations end where what they were for is counted. A catalogue that is rebuilt beside the live one has none.
    ...(released.length > 0 ? [{ letter: 'R', values: [released.map(({ holder }) => holder)], statements: (_: string, first: number) => [`delete from guard.reservations r where r.holder = any($${first}::text[]) and exists (select from moved)`] }] : []),
  ];
}

/** The tail is trimmed once in a while, not with every commit: the newest `logTailLength` messages always stay. */
function trimmedUpTo(before: number, sequence: number): number {
  const interval = 500;
  return Math.floor(before / interval) === Math.floor(sequence / interval) ? 0 : sequence - logTailLength;
}

/** PostgreSQL refuses the value itself (a NUL in a text, a number out of range), whoever writes it and however often. */
const isDataFault = (error: unknown): boolean => /^(22|23|54)/.test((error as { code?: string }).code ?? '');

/** Tries the rows of every image, namespace and policy alone, in a transaction that is undone, and parks those that PostgreSQL refuses. */
async function parkUnwritable(pool: Pool, changes: BatchChanges, grouped: Grouped): Promise<BatchChanges> {
  const client = await pool.connect();
  try {
    await client.query('begin');
    const writable = await writableOf((parts) => refusal(client, parts), changes, grouped);
    await client.query('rollback');
    client.release();
    return writable;
  } catch (error) {
    client.release(true);
    throw error;
  }
}

async function writableOf(refused: (parts: readonly Part[]) => Promise<string | undefined>, changes: BatchChanges, { byImage, byNamespace, byReplication }: Grouped): Promise<BatchChanges> {
  const images = noChanges();
  for (const [imageId, commits] of byImage) {
    const own = changesOf(changes.images, imageId);
    const reason = await refused(imageParts(own));
    if (reason === undefined) addChanges(images, own);
    else images.parked.push({ image_id: imageId, sequence: firstOf(commits), reason });
  }
  const metadefs = noMetadefChanges();
  for (const [token, commits] of byNamespace) {
    const own = changesOfNamespace(changes.metadefs, token, commits);
    const reason = await refused(metadefParts(own));
    if (reason === undefined) addMetadefChanges(metadefs, own);
    else metadefs.parkedNamespaces.push({ token, sequence: firstOf(commits), reason });
  }
  const replications = noReplicationChanges();
  for (const [id, commits] of byReplication) {
    const own = changesOfReplication(changes.replications, id);
    const reason = await refused(replicationParts(own));
    if (reason === undefined) addReplicationChanges(replications, own);
    else replications.parkedReplications.push({ replication_id: id, sequence: firstOf(commits), reason });
  }
  return { images, metadefs, replications };
}

const firstOf = (commits: readonly { readonly sequence: number }[]): number => commits[0]?.sequence ?? 0;

async function refusal(client: PoolClient, parts: readonly Part[]): Promise<string | undefined> {
  await client.query('savepoint one');
  try {
    for (const { statements, values } of parts) {
      await client.query(`with ${ctes(statements('where true', 1).map((sql, place) => [`s${place}`, sql]))} select 1`, [...values]);
    }
    return undefined;
  } catch (error) {
    if (!isDataFault(error)) throw error;
    return error instanceof Error ? error.message : String(error);
  } finally {
    await client.query('rollback to savepoint one');
  }
}
