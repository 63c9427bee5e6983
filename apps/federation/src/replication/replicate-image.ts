import { setTimeout as pause } from 'node:timers/promises';
import { cameBy, copyAmong, lineageOf, originOf, type ImageResult, type ReplicatedImage, type ReplicationSettings, type ShownImage } from '#libs/domain';
import { changesOf, copyBody } from './copy-metadata.js';
import { RegionFailure } from './image-api.js';
import { alikeAt, claimingCopies, copyIdOf, generations, isOwnCopy, keptFor, type Ends } from './see-regions.js';

/** Brings the data of an image into its copy. Resolves with how many bytes crossed the regions' border; fails with `RegionFailure`. */
export type CarryData = (source: ShownImage, copy: ShownImage, signal: AbortSignal) => Promise<number>;

export interface ReplicateOptions {
  readonly policyId: string;
  readonly settings: ReplicationSettings;
  readonly ends: Ends;
  readonly carryData: CarryData;
  readonly signal: AbortSignal;
}

type Result = Omit<ImageResult, 'sourceId'>;
const skipped = (cause: string, copyId?: string): Result => ({ outcome: 'skipped', sentBytes: 0, cause, ...(copyId === undefined ? {} : { copyId }) });
const done = (sentBytes: number, copyId: string): Result => ({ outcome: 'done', sentBytes, copyId });

/**
 * Does what was planned for one image, from what both regions hold now; whoever was killed in the midst of it begins again here and finds what is done already.
 * A failure becomes the image's own result; only the end of `signal` passes through.
 */
export async function replicateImage(image: ReplicatedImage, options: ReplicateOptions): Promise<ImageResult> {
  const { sourceId } = image;
  try {
    return { sourceId, ...await steps[image.action](image, options) };
  } catch (error) {
    options.signal.throwIfAborted();
    if (!(error instanceof RegionFailure)) throw error;
    return { sourceId, outcome: 'failed', sentBytes: 0, cause: error.message, ...(image.copyId === undefined ? {} : { copyId: image.copyId }) };
  }
}

const steps: Readonly<Record<ReplicatedImage['action'], (image: ReplicatedImage, options: ReplicateOptions) => Promise<Result>>> = { copy: copyImage, update: updateCopy, delete: deleteCopy };

async function copyImage({ sourceId, copyId }: ReplicatedImage, options: ReplicateOptions): Promise<Result> {
  const { ends: { source, target }, carryData, signal, settings } = options;
  const image = await source.show(sourceId);
  if (image?.status !== 'active') return skipped(image ? `the source is ${image.status} now` : 'the source is gone');
  const copy = copyId === undefined ? await findOrCreate(image, options) : await target.show(copyId);
  if (!copy) return skipped('the copy was deleted in the meantime', copyId);
  const sentBytes = copy.status === 'active' || copy.status === 'deactivated' ? 0 : await carryData(image, copy, signal);
  if (settings.carriesMembers) await carryMembers(image, copy, options.ends);
  return done(sentBytes, copy.id);
}

/** By its own id, each time the same; where a copy of that id was deleted, by the next. Where another policy brings the image there at the same time, the copy that was created first is the copy. */
async function findOrCreate(image: ShownImage, options: ReplicateOptions): Promise<ShownImage> {
  const { target } = options.ends;
  const there = await firstCopy(image, options);
  if (there) return there;
  const created = await create(image, options);
  const first = await firstCopy(image, options);
  if (!first || first.id === created.id) return created;
  await target.remove(created.id);
  return first;
}

/** Lists begin with what was created first. */
async function firstCopy(image: ShownImage, { settings, ends }: ReplicateOptions): Promise<ShownImage | undefined> {
  return copyAmong(await claimingCopies(image, ends), image, settings);
}

/** Of an id that is kept somebody may have made an image before, and say that it is the copy: the data are not for him. */
async function create(image: ShownImage, { policyId, settings, ends: { source, target } }: ReplicateOptions): Promise<ShownImage> {
  const origin = originOf({ ...image, region: source.region });
  const ids = [...(settings.keepsIds ? [image.id] : []), ...generations.map((generation) => copyIdOf(policyId, origin, generation))];
  for (const id of ids) {
    const created = await target.create({ id, ...copyBody(image, source.region, settings), ...(id === image.id ? keptFor(policyId, id) : {}) });
    if (created !== 'taken') return created;
    const there = await target.show(id);
    if (there && claims(there, origin) && (isOwnCopy(policyId, there) || copyAmong([there], image, settings))) return there;
  }
  throw new RegionFailure(target.region, 409, 'every id that the copy could have is taken');
}

function claims({ properties }: ShownImage, { originRegion, originId }: ReturnType<typeof originOf>): boolean {
  const lineage = lineageOf(properties);
  return lineage?.originRegion === originRegion && lineage.originId === originId;
}

async function updateCopy({ sourceId, copyId = '' }: ReplicatedImage, { ends, settings }: ReplicateOptions): Promise<Result> {
  const { source, target } = ends;
  const [image, copy] = [await source.show(sourceId), await target.show(copyId)];
  if (!image || !copy) return skipped(image ? 'the copy is gone' : 'the source is gone', copyId);
  // A source that was closed is closed first, one that is open again is opened last.
  if (image.status === 'deactivated' && copy.status === 'active') await target.act(copyId, 'deactivate');
  await carryChanges(image, copy, ends, settings);
  if (image.status === 'active' && copy.status === 'deactivated') await target.act(copyId, 'reactivate');
  return done(0, copyId);
}

async function carryChanges(image: ShownImage, copy: ShownImage, ends: Ends, settings: ReplicationSettings): Promise<void> {
  const changes = settings.carriesMetadata ? changesOf(image, copy) : [];
  if (changes.length > 0) await ends.target.change(copy.id, changes);
  if (settings.carriesMembers) await carryMembers(image, copy, ends);
}

/** Members are of shared images; who is shared with here and not there is taken away. */
async function carryMembers(image: ShownImage, copy: ShownImage, { source, target }: Ends): Promise<void> {
  if (image.visibility !== 'shared') return;
  const [wanted, there] = [await source.members(image.id), await target.members(copy.id)];
  for (const member of wanted) if (!there.includes(member)) await target.addMember(copy.id, member);
  for (const member of there) if (!wanted.includes(member)) await target.removeMember(copy.id, member);
}

/** A list may have been read at the wrong moment: the source is asked for once more. */
async function deleteCopy({ sourceId, copyId = '' }: ReplicatedImage, { ends: { source, target } }: ReplicateOptions): Promise<Result> {
  const copy = await target.show(copyId);
  if (await source.show(sourceId) || (copy && await isBroughtAnew(copy, { source, target }))) return skipped('the source is there', copyId);
  await target.remove(copyId);
  return done(0, copyId);
}

/** Whether the source has, of the first image that a copy of a copy comes from, another copy than before, which did not come by the target. */
async function isBroughtAnew(copy: ShownImage, { source, target }: Ends): Promise<boolean> {
  if (lineageOf(copy.properties)?.originRegion === source.region) return false;
  return (await alikeAt(source, copy)).some(({ properties }) => !cameBy(properties).includes(target.region));
}

const lookAgainMs = 500;
const mostTries = 4;

/**
 * Data by the target's own glance-download: it goes on where a broken link left it, and verifies size and hash. Where the target region has these bytes
 * already, they are copied inside of it.
 */
export function byDownload({ source, target }: Ends, interfaces: { readonly source: string; readonly target: string }): CarryData {
  async function tryOnce(image: ShownImage, copy: ShownImage, signal: AbortSignal): Promise<number> {
    const twin = await sameData(image, target);
    const from = twin ? { region: target.region, imageId: twin.id, interface: interfaces.target } : { region: source.region, imageId: image.id, interface: interfaces.source };
    await target.download(copy.id, from);
    await untilOver(copy.id, target, signal);
    return twin ? 0 : image.sizeBytes ?? 0;
  }
  return async (image, copy, signal) => {
    for (let tries = 1; ; tries += 1) {
      try {
        const sentBytes = await tryOnce(image, copy, signal);
        await verify(image, copy.id, target);
        return sentBytes;
      } catch (error) {
        if (!(error instanceof RegionFailure) || tries === mostTries) throw error;
        await pause(lookAgainMs * 2 ** tries, undefined, { signal });
      }
    }
  };
}

/** An active image of the region with the same bytes. */
export async function sameData({ hash, sizeBytes }: ShownImage, target: Ends['target']): Promise<ShownImage | undefined> {
  const [, value = ''] = hash.split(':');
  if (value === '' || sizeBytes === 0) return undefined;
  return (await target.first({ os_hash_value: value, status: 'active' })).find((twin) => twin.hash === hash && twin.sizeBytes === sizeBytes);
}

/** Waits while the region imports. Fails with why the import failed. */
async function untilOver(id: string, target: Ends['target'], signal: AbortSignal): Promise<void> {
  for (let waitMs = 100; ; waitMs = Math.min(waitMs * 1.5, 2000)) {
    await pause(waitMs, undefined, { signal });
    const copy = await target.show(id);
    if (!copy) throw new RegionFailure(target.region, 404, 'the copy was deleted while its data came');
    if (copy.status === 'active') return;
    if (copy.status !== 'importing' && copy.status !== 'saving' && !Object.hasOwn(copy.properties, 'os_glance_import_task')) {
      throw new RegionFailure(target.region, 409, await target.lastFailure(id) ?? `the import ended and the copy is ${copy.status}`);
    }
  }
}

/** What arrived is what the source says of its data; a copy that is not is deleted. */
export async function verify(image: ShownImage, copyId: string, target: Ends['target']): Promise<void> {
  const copy = await target.show(copyId);
  const [algo] = image.hash.split(':');
  const isComparable = image.hash !== '' && copy?.hash.startsWith(`${algo ?? ''}:`);
  if (copy && copy.sizeBytes === image.sizeBytes && (isComparable ? copy.hash === image.hash : image.checksum === null || copy.checksum === image.checksum)) return;
  if (copy) await target.remove(copyId);
  throw new RegionFailure(target.region, 409, 'the bytes that arrived are not those of the source; the copy was deleted');
}
