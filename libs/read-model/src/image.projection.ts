import type { Commit } from '#libs/contracts';
import { commandHolder, evolveImage, noImage, releasedBy, usageChanges, type Attempt, type Image, type ImageEvent, type ImageState } from '#libs/domain';
import { noteImports, type ImportNotes, type ImportRow, type ImportStepRow } from './import.projection.js';
import { deletedRowOf, type DeletedRow } from './deleted-image.row.js';
import { membersOf, rowOf, type AttemptRow, type ImageRow, type MemberRow, type ParkedRow } from './image.row.js';
import { usageRow, type UsageRow } from './usage.row.js';

/** An image as the read model knew it before a batch, deleted ones too; absent for an id that is new, and for images that were deleted before those were kept. */
export interface KnownImage {
  readonly version: number;
  readonly sequence: number;
  readonly image: Image;
}

/** A commit at its place in the log, or the reason why its message is none. */
export interface Placed {
  readonly sequence: number;
  readonly imageId: string;
  readonly commit: Commit | { readonly unreadable: string };
}

/** What a batch changes, collapsed: at most one row an image. */
export interface Changes {
  images: ImageRow[];
  deletedImages: string[];
  /** Deleted images as they are now, and those that came back. */
  deleted: DeletedRow[];
  undeleted: string[];
  members: MemberRow[];
  removedMembers: { image_id: string; member_id: string }[];
  attempts: AttemptRow[];
  removedAttempts: { image_id: string; attempt_id: string }[];
  parked: ParkedRow[];
  imports: (ImportRow | ImportStepRow)[];
  /** What is added to, or taken from, what projects use. */
  usage: UsageRow[];
  /** Holders whose reservations end here, of these images. */
  released: { image_id: string; holder: string }[];
}

export const noChanges = (): Changes =>
  ({ images: [], deletedImages: [], deleted: [], undeleted: [], members: [], removedMembers: [], attempts: [], removedAttempts: [], parked: [], imports: [], usage: [], released: [] });

/**
 * Folds the commits of one image, in order, over what was known of it: events → rows, and nothing else.
 * A deleted image is kept apart from all others; of its attempts those that are over stay until their bytes are gone.
 * The first commit that cannot be folded parks the image: what came before it is kept, what follows it is passed over.
 */
export function projectImage(imageId: string, known: KnownImage | undefined, commits: readonly Placed[]): { after: KnownImage | undefined; changes: Changes } {
  const changes = noChanges();
  const work = new Map<string, AttemptRow | 'removed'>();
  const imports: ImportNotes = new Map();
  const released = new Set<string>();
  let now: Folded = known ?? (startsImage(commits[0]) ? { version: 0, sequence: 0, image: noImage() } : 'deleted');
  for (const { sequence, commit } of commits) {
    if (now !== 'deleted' && sequence <= now.sequence) continue;
    try {
      now = foldCommit(imageId, now, sequence, commit, { work, imports, released });
    } catch (error) {
      changes.parked.push({ image_id: imageId, sequence, reason: error instanceof Error ? error.message : String(error) });
      break;
    }
  }
  // Of an image that begins here nothing is written yet that could be taken away.
  addWork(imageId, work, { changes, isNew: beginsHere(known, commits) });
  changes.imports.push(...imports.values());
  const after = now === 'deleted' || !now.image.exists ? undefined : { ...now, image: now.image };
  addRows(imageId, known, after, changes);
  addUsage(imageId, { known, after, released }, changes);
  return { after, changes };
}

type Folded = { version: number; sequence: number; image: ImageState } | 'deleted';

const beginsHere = (known: KnownImage | undefined, [first]: readonly Placed[]): boolean => known === undefined && startsImage(first);
/** Whether an image that nothing is known of can begin with this. */
export const startsImage = (first: Placed | undefined): boolean =>
  first !== undefined && 'events' in first.commit && first.commit.version === 1;

interface Notes { readonly work: Map<string, AttemptRow | 'removed'>; readonly imports: ImportNotes; readonly released: Set<string> }

function foldCommit(imageId: string, now: Folded, sequence: number, commit: Placed['commit'], { work, imports, released }: Notes): Folded {
  if ('unreadable' in commit) throw new Error(commit.unreadable);
  if (now === 'deleted') {
    for (const event of commit.events) work.set(removedAttempt(event), 'removed');
    return now;
  }
  if (commit.version !== now.version + 1) throw new Error(`commit has version ${commit.version}; ${now.version + 1} should follow`);
  const image = commit.events.reduce<ImageState>((state, event) => evolveImage(state, event, commit.at), now.image);
  if (!image.exists) throw new Error('the commit carries no event');
  const { importing, attempts }: Pick<Image, 'importing' | 'attempts'> = now.image.exists ? now.image : { importing: null, attempts: [] };
  noteImports(imports, imageId, commit, importing?.importId);
  noteWork(imageId, attempts, image.attempts, commit.at, work);
  noteReleases(imageId, commit, now.image, image, released);
  return { version: commit.version, sequence, image };
}

function noteReleases(imageId: string, { commandId }: Commit, before: ImageState, after: Image, released: Set<string>): void {
  for (const holder of releasedBy(commandHolder(imageId, commandId), before, after)) released.add(holder);
}

/** Of a deleted image of which nothing else is known, nothing can be recorded any more but that its bytes are gone. */
function removedAttempt(event: ImageEvent): string {
  if (event.type !== 'ImageDataRemoved') throw new Error(`${event.type} on an image that is deleted or was never created`);
  return event.data.attemptId;
}

function noteWork(imageId: string, before: readonly Attempt[], after: readonly Attempt[], at: Date, work: Map<string, AttemptRow | 'removed'>): void {
  const stateBefore = new Map(before.map(({ attemptId, state }) => [attemptId, state]));
  for (const { attemptId, storeId, state, isResumable } of after) {
    if (stateBefore.get(attemptId) === state) continue;
    work.set(attemptId, state === 'stored' || state === 'staged' ? 'removed' : { image_id: imageId, attempt_id: attemptId, store_id: storeId, state, is_resumable: isResumable === true ? true : null, since: at.toISOString() });
  }
  const stays = new Set(after.map(({ attemptId }) => attemptId));
  for (const { attemptId } of before) if (!stays.has(attemptId)) work.set(attemptId, 'removed');
}

function addWork(imageId: string, work: ReadonlyMap<string, AttemptRow | 'removed'>, { changes, isNew }: { readonly changes: Changes; readonly isNew: boolean }): void {
  for (const [attemptId, row] of work) {
    if (row !== 'removed') changes.attempts.push(row);
    else if (!isNew) changes.removedAttempts.push({ image_id: imageId, attempt_id: attemptId });
  }
}

function addUsage(imageId: string, { known, after, released }: { known: KnownImage | undefined; after: KnownImage | undefined; released: ReadonlySet<string> }, changes: Changes): void {
  changes.usage.push(...usageChanges(known?.image, after?.image).map((change) => usageRow(imageId, change)));
  changes.released.push(...[...released].map((holder) => ({ image_id: imageId, holder })));
}

function addRows(imageId: string, known: KnownImage | undefined, after: KnownImage | undefined, changes: Changes): void {
  if (!after || after === known || after.sequence === known?.sequence) return;
  if (after.image.status === 'deleted') {
    if (isThere(known)) changes.deletedImages.push(imageId);
    changes.deleted.push(deletedRowOf(imageId, after.image, after));
    return;
  }
  addLivingRows(imageId, known, after, changes);
}

const isThere = (known: KnownImage | undefined): boolean => known !== undefined && known.image.status !== 'deleted';

function addLivingRows(imageId: string, known: KnownImage | undefined, after: KnownImage, changes: Changes): void {
  if (known?.image.status === 'deleted') changes.undeleted.push(imageId);
  changes.images.push(rowOf(imageId, after.image, after));
  if (isThere(known) && after.image.members === known?.image.members) return;
  changes.members.push(...membersOf(imageId, after.image));
  const stays = new Set(after.image.members.map(({ memberId }) => memberId));
  const gone = known?.image.members.filter(({ memberId }) => !stays.has(memberId)) ?? [];
  changes.removedMembers.push(...gone.map(({ memberId }) => ({ image_id: imageId, member_id: memberId })));
}
