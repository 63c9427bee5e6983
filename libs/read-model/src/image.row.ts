import type { Arrival, Attempt, Image, ImportInProgress, KnownDataFacts, Member } from '#libs/domain';

/**
 * An image as table `images` keeps it, by column name; moments are ISO 8601 in UTC with milliseconds.
 * Row and member rows together lose nothing of the state: `stateOf(rowOf(image), membersOf(image))` is the image again.
 */
export interface ImageRow {
  id: string;
  name: string | null;
  owner: string | null;
  is_protected: boolean;
  is_hidden: boolean;
  container_format: string | null;
  disk_format: string | null;
  min_disk: number;
  min_ram: number;
  status: Image['status'];
  /** `arriving` while nobody may see it: no list asks for that. */
  visibility: Image['visibility'] | 'arriving';
  tags: readonly string[];
  properties: Readonly<Record<string, string>>;
  /** Null exactly where the image has no data. The hashes of data that was only said to lie somewhere may be null, too. */
  size_bytes: number | null;
  virtual_size_bytes: number | null;
  checksum: string | null;
  os_hash_algo: string | null;
  os_hash_value: string | null;
  attempts: readonly Attempt[];
  staged: Image['staged'];
  importing: ImportingJson | null;
  last_import_failed_stores: readonly string[] | null;
  /** Until the image has its data, where nobody sees it before; with the visibility that it then has. */
  arriving: (Arrival & Pick<Image, 'visibility'>) | null;
  created_at: string;
  updated_at: string;
  /** How many commits the image has, and the sequence of the last of them. */
  version: number;
  sequence: number;
}

/** JSON has no moments. */
type ImportingJson = Omit<ImportInProgress, 'startedAt'> & { readonly startedAt: string };

export interface MemberRow {
  image_id: string;
  member_id: string;
  /** The place of the member in the image's list. */
  ordinal: number;
  status: Member['status'];
  created_at: string;
  updated_at: string;
  /** Repeated here, where it never changes, so that the images shared with a project can be paged by one index. */
  image_created_at: string;
}

/** What is to be done about bytes: an attempt that is open (the sweeper's) or over (to be removed). Stored ones are no work. */
export interface AttemptRow {
  image_id: string;
  attempt_id: string;
  store_id: string;
  state: 'open' | 'over';
  /** Null where it is not: no lease ends it. */
  is_resumable: true | null;
  /** When it came into this state. */
  since: string;
}

/** An image whose commits cannot be projected from `sequence` on. */
export interface ParkedRow {
  image_id: string;
  sequence: number;
  reason: string;
}

export interface Place { readonly version: number; readonly sequence: number }

const noData: Partial<KnownDataFacts> = {};
const orNull = <Value>(value: Value | undefined): Value | null => value ?? null;

export function rowOf(imageId: string, image: Image, { version, sequence }: Place): ImageRow {
  const data: Partial<KnownDataFacts> = image.data ?? noData;
  return {
    id: imageId,
    name: image.name, owner: image.owner, is_protected: image.isProtected, is_hidden: image.isHidden,
    container_format: image.containerFormat, disk_format: image.diskFormat, min_disk: image.minDisk, min_ram: image.minRam,
    status: image.status, visibility: image.arriving ? 'arriving' : image.visibility, tags: image.tags, properties: image.properties,
    // Each by its name: this is done for every row of a rebuild, and copying them from another object takes longer than all the rest.
    size_bytes: orNull(data.sizeBytes), virtual_size_bytes: orNull(data.virtualSizeBytes), checksum: orNull(data.checksum),
    os_hash_algo: orNull(data.osHashAlgo), os_hash_value: orNull(data.osHashValue),
    attempts: image.attempts,
    staged: image.staged,
    importing: image.importing && { ...image.importing, startedAt: image.importing.startedAt.toISOString() },
    last_import_failed_stores: image.lastImportFailedStoreIds,
    arriving: image.arriving ? { ...image.arriving, visibility: image.visibility } : null,
    created_at: image.createdAt.toISOString(), updated_at: image.updatedAt.toISOString(),
    version, sequence,
  };
}

export function membersOf(imageId: string, image: Image): MemberRow[] {
  return image.members.map((member, ordinal) => ({
    image_id: imageId, member_id: member.memberId, ordinal, status: member.status,
    created_at: member.createdAt.toISOString(), updated_at: member.updatedAt.toISOString(),
    image_created_at: image.createdAt.toISOString(),
  }));
}

/** The state that was written as these rows; members in any order. */
export function stateOf(row: ImageRow, members: readonly MemberRow[]): Image {
  return {
    ...withoutMembers(row),
    members: members.toSorted((a, b) => a.ordinal - b.ordinal).map(memberOf),
  };
}

/** What a list tells of an image. */
export function withoutMembers(row: ImageRow): Omit<Image, 'members'> {
  return {
    exists: true,
    name: row.name, owner: row.owner, isProtected: row.is_protected, isHidden: row.is_hidden,
    containerFormat: row.container_format, diskFormat: row.disk_format, minDisk: row.min_disk, minRam: row.min_ram,
    status: row.status, ...seenBy(row), tags: row.tags, properties: row.properties,
    data: dataOf(row),
    attempts: row.attempts,
    staged: row.staged,
    importing: row.importing && { ...row.importing, startedAt: new Date(row.importing.startedAt) },
    lastImportFailedStoreIds: row.last_import_failed_stores,
    createdAt: new Date(row.created_at), updatedAt: new Date(row.updated_at),
  };
}

/** A visibility that no image can have is one that is yet to come. */
function seenBy({ visibility, arriving }: Pick<ImageRow, 'visibility' | 'arriving'>): Pick<Image, 'visibility' | 'arriving'> {
  if (!arriving) return { visibility: visibility === 'arriving' ? 'private' : visibility };
  const { visibility: wanted, ...arrival } = arriving;
  return { visibility: wanted, arriving: arrival };
}

const memberOf = (row: MemberRow): Member =>
  ({ memberId: row.member_id, status: row.status, createdAt: new Date(row.created_at), updatedAt: new Date(row.updated_at) });

type DataColumns = Pick<ImageRow, 'size_bytes' | 'virtual_size_bytes' | 'checksum' | 'os_hash_algo' | 'os_hash_value'>;

function dataOf({ size_bytes, virtual_size_bytes, checksum, os_hash_algo, os_hash_value }: DataColumns): KnownDataFacts | null {
  if (size_bytes === null) return null;
  return {
    sizeBytes: size_bytes, ...(virtual_size_bytes === null ? {} : { virtualSizeBytes: virtual_size_bytes }),
    ...(checksum === null ? {} : { checksum }), ...(os_hash_algo === null ? {} : { osHashAlgo: os_hash_algo }), ...(os_hash_value === null ? {} : { osHashValue: os_hash_value }),
  };
}
