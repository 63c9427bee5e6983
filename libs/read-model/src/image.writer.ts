import { imageCommits, isLowerUuid } from '#libs/contracts';
import type { Pool } from 'pg';
import type { CopiedTable } from './copy-rows.js';
import { knownFromDeleted, removeUndeletedSql, upsertDeletedSql, type DeletedRow } from './deleted-image.row.js';
import { groupByToken, readCommit } from './grouped-commits.js';
import { noChanges, projectImage, startsImage, type Changes, type KnownImage, type Placed } from './image.projection.js';
import { stateOf, type ImageRow, type MemberRow } from './image.row.js';
import { importRowsSql, importRowValues } from './import.projection.js';
import type { LogMessage } from './log-message.js';
import type { RememberedImages } from './remembered-images.js';
import { summedUsage, usageRowsSql } from './usage.row.js';

export const groupByImage = (batch: readonly LogMessage[]): Map<string, Placed[]> =>
  groupByToken(batch, 'image', (imageId, message) => (isLowerUuid(imageId) ? placed(imageId, message) : undefined));

/** A message of an image, decoded. */
export const placed = (imageId: string, { sequence, bytes }: LogMessage): Placed => ({ sequence, imageId, commit: readCommit(imageCommits, imageId, bytes) });

export interface Known {
  readonly images: ReadonlyMap<string, KnownImage>;
  readonly parked: ReadonlySet<string>;
  /** Taken for new because their first commit is in the batch, without asking PostgreSQL; it refuses the batch where one is not. */
  readonly taken: readonly string[];
}

/** What is known of the batch's images, from memory where it can be; `asking` has PostgreSQL asked of those that seem to be new, too. */
export async function knownOf(pool: Pool, byImage: ReadonlyMap<string, readonly Placed[]>, remembered: RememberedImages, { asking = false } = {}): Promise<Known> {
  const images = new Map<string, KnownImage>();
  const [unknown, taken]: [string[], string[]] = [[], []];
  for (const [imageId, commits] of byImage) {
    const known = remembered.get(imageId);
    if (known) images.set(imageId, known);
    else if (!asking && startsImage(commits[0])) taken.push(imageId);
    else unknown.push(imageId);
  }
  const parked = await load(pool, unknown, images);
  return { images, parked, taken };
}

const loadSql = `
  select
    (select coalesce(json_agg(json_build_object('row', i, 'members',
        (select coalesce(json_agg(m), '[]') from image_members m where m.image_id = i.id))), '[]')
      from images i where i.id = any($1::uuid[])) as images,
    (select coalesce(json_agg(d), '[]') from deleted_images d where d.image_id = any($1::uuid[])) as deleted,
    (select coalesce(json_agg(image_id), '[]') from parked_images where image_id = any($1::uuid[])) as parked`;

/** Adds those that PostgreSQL has, and returns which of all are parked. */
async function load(pool: Pool, imageIds: readonly string[], into: Map<string, KnownImage>): Promise<Set<string>> {
  if (imageIds.length === 0) return new Set();
  const { rows: [found] } = await pool.query<{ images: { row: ImageRow; members: MemberRow[] }[]; deleted: DeletedRow[]; parked: string[] }>(
    { name: 'known', text: loadSql, values: [imageIds] });
  for (const row of found?.deleted ?? []) into.set(row.image_id, knownFromDeleted(row));
  for (const { row, members } of found?.images ?? []) into.set(row.id, { version: row.version, sequence: row.sequence, image: stateOf(row, members) });
  return new Set(found?.parked);
}

/** What the commits make of what is known, and each image after them; undefined for one that is no more, or that cannot be projected any further. */
export interface Projected { readonly changes: Changes; readonly after: ReadonlyMap<string, KnownImage | undefined> }

export function projectAll(byImage: ReadonlyMap<string, readonly Placed[]>, known: Known): Projected {
  const all = noChanges();
  const after = new Map<string, KnownImage | undefined>();
  for (const [imageId, commits] of byImage) {
    if (known.parked.has(imageId)) continue;
    const projected = projectImage(imageId, known.images.get(imageId), commits);
    after.set(imageId, projected.changes.parked.length > 0 ? undefined : projected.after);
    addChanges(all, projected.changes);
  }
  return { changes: all, after };
}

export function addChanges(all: Changes, more: Changes): void {
  all.images.push(...more.images);
  all.deletedImages.push(...more.deletedImages);
  all.deleted.push(...more.deleted);
  all.undeleted.push(...more.undeleted);
  all.members.push(...more.members);
  all.removedMembers.push(...more.removedMembers);
  all.attempts.push(...more.attempts);
  all.removedAttempts.push(...more.removedAttempts);
  all.parked.push(...more.parked);
  all.imports.push(...more.imports);
  all.usage.push(...more.usage);
  all.released.push(...more.released);
}

const imageColumns = [
  'name', 'owner', 'is_protected', 'is_hidden', 'container_format', 'disk_format', 'min_disk', 'min_ram', 'status', 'visibility', 'tags',
  'properties', 'size_bytes', 'virtual_size_bytes', 'checksum', 'os_hash_algo', 'os_hash_value', 'attempts', 'staged', 'importing', 'last_import_failed_stores', 'arriving', 'created_at', 'updated_at', 'version', 'sequence',
];
const overwrite = (columns: readonly string[]) => columns.map((column) => `${column} = excluded.${column}`).join(', ');

/** Images as COPY takes them. */
export const copiedImages: CopiedTable<ImageRow> = { name: 'images', columns: ['id', ...imageColumns] as (keyof ImageRow & string)[], textArrays: new Set(['tags', 'last_import_failed_stores']) };

/** Some of the statements that a batch is written by. */
export interface Part {
  /** Names it among the others: batches of the same parts share a prepared statement. */
  readonly letter: string;
  /** `only` is a condition on everything that is written; the values stand in the parameters from `first` on. */
  statements(only: string, first: number): string[];
  readonly values: readonly unknown[];
}

/** The rows of a batch: no statement for what it does not change, since starting one costs more than most rows do. */
export function imageParts(changes: Changes): Part[] {
  const { images, deletedImages, deleted, undeleted, members, removedMembers, attempts, removedAttempts, parked, imports, usage } = changes;
  const ofRows = (letter: string, rows: readonly unknown[], statements: Part['statements']): Part[] => (rows.length === 0 ? [] : [{ letter, statements, values: [JSON.stringify(rows)] }]);
  return [
    ...ofRows('i', images, (only, p) => [
      `insert into images select r.* from json_populate_recordset(null::images, $${p}) r ${only}
         on conflict (id) do update set ${overwrite(imageColumns)} where images.sequence < excluded.sequence`]),
    ...ofRows('m', members, (only, p) => [
      `insert into image_members select r.* from json_populate_recordset(null::image_members, $${p}) r ${only}
         on conflict (image_id, member_id) do update set ${overwrite(['ordinal', 'status', 'created_at', 'updated_at'])}`]),
    ...ofRows('a', attempts, (only, p) => [
      `insert into data_attempts select r.* from json_populate_recordset(null::data_attempts, $${p}) r ${only}
         on conflict (image_id, attempt_id) do update set ${overwrite(['state', 'since'])}`]),
    ...ofRows('d', deletedImages, (only, p) => [
      `delete from images using json_array_elements_text($${p}) r where id = r::uuid ${only.replace('where', 'and')}`,
      `delete from image_members m using json_array_elements_text($${p}) r where m.image_id = r::uuid ${only.replace('where', 'and')}`]),
    ...ofRows('n', removedMembers, (only, p) => [
      `delete from image_members m using json_populate_recordset(null::image_members, $${p}) r
         where m.image_id = r.image_id and m.member_id = r.member_id ${only.replace('where', 'and')}`]),
    ...ofRows('b', removedAttempts, (only, p) => [
      `delete from data_attempts a using json_populate_recordset(null::data_attempts, $${p}) r
         where a.image_id = r.image_id and a.attempt_id = r.attempt_id ${only.replace('where', 'and')}`]),
    ...ofRows('p', parked, (only, p) => [
      `insert into parked_images select r.* from json_populate_recordset(null::parked_images, $${p}) r ${only} on conflict do nothing`]),
    ...ofRows('D', deleted, (only, p) => [upsertDeletedSql(only, p)]),
    ...ofRows('U', undeleted, (only, p) => [removeUndeletedSql(only, p)]),
    ...ofRows('u', summedUsage(usage), usageRowsSql),
    ...(imports.length === 0 ? [] : [{ letter: 'j', statements: importRowsSql, values: importRowValues(imports) }]),
  ];
}

/** What a batch changes of one image. */
export function changesOf(changes: Changes, imageId: string): Changes {
  const own = (row: { image_id: string }) => row.image_id === imageId;
  return {
    images: changes.images.filter(({ id }) => id === imageId),
    deletedImages: changes.deletedImages.filter((id) => id === imageId), deleted: changes.deleted.filter(own), undeleted: changes.undeleted.filter((id) => id === imageId),
    members: changes.members.filter(own), removedMembers: changes.removedMembers.filter(own),
    attempts: changes.attempts.filter(own), removedAttempts: changes.removedAttempts.filter(own), parked: changes.parked.filter(own),
    imports: changes.imports.filter(own), usage: changes.usage.filter(own), released: changes.released.filter(own),
  };
}
