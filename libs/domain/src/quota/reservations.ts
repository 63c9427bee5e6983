import { isErrand } from '../image/image.arrival.js';
import type { Image, ImageEvent, ImageState } from '../image/image.js';
import { noUsage, usageOf, type Resource, type Usage } from './usage.js';

/**
 * A limit holds because what is about to be used is reserved first. A reservation has a holder:
 *
 *   command:<imageId>:<commandId>    what the commit of a command adds at once: an image, an upload, a location
 *   attempt:<attemptId>              the bytes of an upload, or of data on its way to the staging area
 *   import:<importId>:<storeId>      the bytes that an import brings to one store
 *
 * The projector gives it back in the transaction that applies the commit which ends it: `releasedBy`.
 */
export interface Claim {
  readonly holder: string;
  readonly resource: Resource;
  /** How much the holder must have reserved in all. */
  readonly amount: number;
  /** Whether this is more than was announced, and so may be what crosses the limit. */
  readonly isUnannounced: boolean;
  /** Whether the holder begins with this claim, and so ends with it where the command comes to nothing. */
  readonly isNew: boolean;
}

export const commandHolder = (imageId: string, commandId: string): string => `command:${imageId}:${commandId}`;
export const attemptHolder = (attemptId: string): string => `attempt:${attemptId}`;
export const importHolder = (importId: string, storeId: string): string => `import:${importId}:${storeId}`;

/** What must be reserved before a commit is written; nothing where it adds nothing. */
export function claimsOf(holder: string, before: ImageState, after: Image, events: readonly ImageEvent[]): Claim[] {
  if (isErrand(after)) return [];
  const [used, using] = [before.exists ? usageOf(before) : noUsage, usageOf(after)];
  // What an attempt brings it has reserved itself; a location adds data without one.
  const added: readonly Resource[] = events.some(({ type }) => type === 'ImageDataStored') ? ['images', 'uploads'] : ['images', 'uploads', 'sizeBytes'];
  const atOnce = added.filter((resource) => using[resource] > used[resource])
    .map((resource): Claim => ({ holder, resource, amount: using[resource] - used[resource], isUnannounced: false, isNew: true }));
  return [...atOnce, ...events.flatMap((event) => bytesOf(event, before))];
}

function bytesOf(event: ImageEvent, before: ImageState): Claim[] {
  switch (event.type) {
    case 'ImageDataUploadStarted': return [begun(attemptHolder(event.data.attemptId), 'sizeBytes', event.data.declaredSizeBytes)];
    case 'ImageStagingStarted': return [begun(attemptHolder(event.data.attemptId), 'stageBytes', event.data.declaredSizeBytes)];
    case 'ImageImportRequested': {
      const { importId, storeIds, method } = event.data;
      const known = before.exists ? knownSize(before, method) : undefined;
      return storeIds.map((storeId) => begun(importHolder(importId, storeId), 'sizeBytes', known));
    }
    case 'ImageDataStored': return [arrived(storingHolder(before, event.data), 'sizeBytes', event.data.sizeBytes)];
    case 'ImageDataStaged': return [arrived(attemptHolder(event.data.attemptId), 'stageBytes', event.data.sizeBytes)];
    default: return [];
  }
}

const begun = (holder: string, resource: Resource, declaredBytes = 0): Claim => ({ holder, resource, amount: declaredBytes, isUnannounced: false, isNew: true });
const arrived = (holder: string, resource: Resource, amount: number): Claim => ({ holder, resource, amount, isUnannounced: true, isNew: false });

function knownSize({ staged, data }: Image, method: string): number | undefined {
  if (method === 'glance-direct') return staged?.sizeBytes;
  return method === 'copy-image' ? data?.sizeBytes : undefined;
}

const storingHolder = (before: ImageState, { attemptId, storeId }: { attemptId: string; storeId: string }): string =>
  before.exists && before.importing?.pendingStoreIds.includes(storeId) ? importHolder(before.importing.importId, storeId) : attemptHolder(attemptId);

/** Who may hold a reservation on behalf of an image as it is. */
export function holdersOf(image: ImageState): Set<string> {
  if (!image.exists || image.status === 'deleted') return new Set();
  const open = image.attempts.filter(({ state }) => state === 'open').map(({ attemptId }) => attemptHolder(attemptId));
  const { importing } = image;
  return new Set([...open, ...importing?.pendingStoreIds.map((storeId) => importHolder(importing.importId, storeId)) ?? []]);
}

/** Whose reservations end with a commit: `command` is the holder of its own command. */
export function releasedBy(command: string, before: ImageState, after: Image): string[] {
  const [used, using] = [before.exists ? usageOf(before) : noUsage, usageOf(after)];
  const stay = holdersOf(after);
  const isAdded = using.images > used.images || using.uploads > used.uploads || using.sizeBytes > used.sizeBytes;
  return [...isAdded ? [command] : [], ...[...holdersOf(before)].filter((holder) => !stay.has(holder))];
}

/** What a holder has of one resource. `crosses`: it is the one that may have more than there is. */
export interface Held { readonly amount: number; readonly crosses: boolean }

export interface Asked {
  /** The most that the project may use; Infinity where there is no limit. */
  readonly limit: number;
  /** What the project uses and what is reserved, this holder's part too. */
  readonly taken: number;
  readonly held: Held;
  /** What the holder must have now, and would like to have so that it need not ask again soon. */
  readonly need: number;
  readonly want: number;
  /** Whether it may have more than there is, as long as nobody did before: of undeclared size one at a time may cross the limit. */
  readonly mayCross: boolean;
}

/**
 * What a holder gets; undefined is a refusal. Whoever holds what he needs keeps it, whatever became of the limit. Nobody begins over the limit.
 * Source: API.md section 21; Tempest's unified-limits scenario for the one that may cross.
 */
export function granted({ limit, taken, held, need, want, mayCross }: Asked): Held | undefined {
  const others = taken - held.amount;
  const wanted = Math.max(held.amount, want);
  if (others + wanted <= limit || held.crosses) return { amount: wanted, crosses: held.crosses };
  if (need > 0 && need <= held.amount) return held;
  if (others + need <= limit) return { amount: limit - others, crosses: false };
  return mayCross && taken <= limit ? { amount: wanted, crosses: true } : undefined;
}

/** What an image's change adds to and takes from what projects use: its owner may have changed. */
export function usageChanges(before: Image | undefined, after: Image | undefined): { readonly project: string; readonly usage: Usage }[] {
  const [was, is] = [ownUsage(before), ownUsage(after)];
  const changes = [...was.map(({ project, usage }) => ({ project, usage: times(usage, -1) })), ...is];
  const [first, second] = changes;
  const net = first && second && first.project === second.project ? [{ project: first.project, usage: sum(first.usage, second.usage) }] : changes;
  return net.filter(({ usage }) => Object.values(usage).some((amount) => amount !== 0));
}

const ownUsage = (image: Image | undefined): { readonly project: string; readonly usage: Usage }[] =>
  (image && image.owner !== null ? [{ project: image.owner, usage: usageOf(image) }] : []);

const times = ({ images, sizeBytes, stageBytes, uploads }: Usage, by: number): Usage =>
  ({ images: images * by, sizeBytes: sizeBytes * by, stageBytes: stageBytes * by, uploads: uploads * by });
const sum = (one: Usage, other: Usage): Usage => ({
  images: one.images + other.images, sizeBytes: one.sizeBytes + other.sizeBytes, stageBytes: one.stageBytes + other.stageBytes, uploads: one.uploads + other.uploads,
});
