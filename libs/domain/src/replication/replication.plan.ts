import type { Visibility } from '../image/image.status.js';
import { cameBy, isLineageName, lineageOf, madeOf, originOf, versionOf, type Lineage } from '../lineage.js';
import type { PlannedImage, ReplicationFilter, ReplicationSettings } from './replication.js';

/** An image as a region's image service shows it. */
export interface ShownImage {
  readonly id: string;
  readonly name: string | null;
  readonly status: string;
  readonly owner: string | null;
  readonly visibility: Visibility;
  readonly isHidden: boolean;
  readonly tags: readonly string[];
  /** Everything else that is text, lineage included. */
  readonly properties: Readonly<Record<string, string>>;
  readonly sizeBytes: number | null;
  readonly minDisk: number;
  readonly minRam: number;
  readonly diskFormat: string | null;
  readonly containerFormat: string | null;
  /** `<algorithm>:<hexadecimal>`; empty where none is told. */
  readonly hash: string;
  readonly checksum: string | null;
  readonly updatedAt: string;
  /** The projects that it is shared with, where somebody looked. */
  readonly members?: readonly string[];
}

/** What the two regions of a policy hold. */
export interface ReplicationSight {
  readonly sourceRegion: string;
  readonly targetRegion: string;
  /** Every image of the source that might fit. */
  readonly source: readonly ShownImage[];
  /** Every image of the target that claims an origin. */
  readonly copies: readonly ShownImage[];
  /** Whether a copy is this policy's own: only these are deleted, and made as their source is whatever changed. */
  readonly isOwn: (copy: ShownImage) => boolean;
}

/**
 * What is to be done so that the target holds what the policy says: nothing is remembered of earlier executions, both regions are looked at as they are.
 * An image that came from the target, or by way of it, is never sent back to it, and one that another way brought there already is not brought twice.
 * Order: as in the source; deletions last. Nothing is deleted for want of a match with the filter, only for want of its source.
 */
export function planReplication({ settings, ...sight }: ReplicationSight & { readonly settings: ReplicationSettings }): PlannedImage[] {
  const copies = copiesByOrigin(sight.copies, settings);
  const changes = sight.source.filter((image) => isCarried(image, settings.filter) && originOf({ ...image, region: sight.sourceRegion }).originRegion !== sight.targetRegion)
    .flatMap((image) => planOne(image, copies.get(keyOf(originOf({ ...image, region: sight.sourceRegion }))) ?? [], settings, sight));
  return settings.carriesDeletions ? [...changes, ...planDeletions(sight)] : changes;
}

const keyOf = ({ originRegion, originId }: Pick<Lineage, 'originRegion' | 'originId'>): string => `${originRegion}/${originId}`;

function copiesByOrigin(copies: readonly ShownImage[], { copyOwner }: ReplicationSettings): Map<string, ShownImage[]> {
  const found = new Map<string, ShownImage[]>();
  for (const copy of copies) {
    const lineage = lineageOf(copy.properties);
    if (!lineage || (copyOwner !== undefined && copy.owner !== copyOwner)) continue;
    found.set(keyOf(lineage), [...(found.get(keyOf(lineage)) ?? []), copy]);
  }
  return found;
}

/** The copy of an image, among images that claim to be. Anybody can claim a lineage for an image of his own: a copy counts where it belongs to who should own it. */
export const copyAmong = (copies: readonly ShownImage[], image: ShownImage, { copyOwner }: Pick<ReplicationSettings, 'copyOwner'>): ShownImage | undefined =>
  copies.find(({ owner }) => owner === (copyOwner ?? image.owner));

function planOne(image: ShownImage, copies: readonly ShownImage[], settings: ReplicationSettings, { isOwn, targetRegion }: Pick<ReplicationSight, 'isOwn' | 'targetRegion'>): PlannedImage[] {
  const copy = copyAmong(copies, image, settings);
  const planned = { sourceId: image.id, name: shortened(image.name ?? ''), sizeBytes: image.sizeBytes ?? 0 };
  const isBrought = image.status === 'active';
  // What came by the target and is gone there was deleted there: it would come back to where policies lead in a circle.
  if (!copy) return isBrought && !cameBy(image.properties).includes(targetRegion) ? [{ ...planned, action: 'copy' }] : [];
  if (!hasData(copy)) return isBrought ? [{ ...planned, action: 'copy', copyId: copy.id }] : [];
  return differsWhereItMay(image, copy, settings, isOwn(copy)) ? [{ ...planned, action: 'update', copyId: copy.id }] : [];
}

const differsWhereItMay = (image: ShownImage, copy: ShownImage, settings: ReplicationSettings, isOwn: boolean): boolean =>
  settings.conflictRule === 'source' && mayRule(image, copy, isOwn) && differs(image, copy, settings);

/**
 * Whether a copy is to be as this image is. Several ways may lead to the same copy: then what is newer at the origin wins, and of the same age what the copy's own policy
 * brings. Else two policies would change a copy to and fro for ever. The origin itself has the last word for the policy that made the copy.
 */
function mayRule(image: ShownImage, copy: ShownImage, isOwn: boolean): boolean {
  if (isOwn && !lineageOf(image.properties)) return true;
  const [from, there] = [versionOf(image), lineageOf(copy.properties)?.originVersion ?? ''].map((version) => Date.parse(version)) as [number, number];
  if (from === there) return isOwn;
  // What is no moment is no reason to leave it.
  return !(from < there);
}

const hasData = ({ status }: ShownImage): boolean => status === 'active' || status === 'deactivated';

/** A deactivated source closes its copies too, whatever else is carried. */
const differs = (image: ShownImage, copy: ShownImage, { carriesMetadata }: ReplicationSettings): boolean =>
  (hasData(image) && image.status !== copy.status) || sorted(image.members) !== sorted(copy.members) || (carriesMetadata && (versionOf(image) !== lineageOf(copy.properties)?.originVersion || metadataDiffers(image, copy)));

const sorted = (texts: readonly string[] = []): string => JSON.stringify([...texts].sort());

/** Lineage and what an image service writes by itself are no metadata of the image. */
export const isCarriedProperty = (name: string): boolean => !isLineageName(name) && !name.startsWith('os_glance_');
const carriedProperties = ({ properties }: ShownImage): string =>
  JSON.stringify(Object.entries(properties).filter(([name]) => isCarriedProperty(name)).sort(([one], [other]) => (one < other ? -1 : 1)));

const metadataDiffers = (image: ShownImage, copy: ShownImage): boolean =>
  image.name !== copy.name || image.visibility !== copy.visibility || image.isHidden !== copy.isHidden || image.minDisk !== copy.minDisk || image.minRam !== copy.minRam
  || sorted(image.tags) !== sorted(copy.tags) || carriedProperties(image) !== carriedProperties(copy);

/** Of what was made of an image of the source that is gone there. A copy of a copy stays while anything of the source comes from the same first image: it may have been brought there anew, under another id. */
function planDeletions({ source, copies, sourceRegion, targetRegion, isOwn }: ReplicationSight): PlannedImage[] {
  const there = new Set(source.map(({ id }) => id));
  // What came by the target is there because of the copy, or was: it is no reason to keep that.
  const origins = new Set(source.filter(({ properties }) => !cameBy(properties).includes(targetRegion)).map((image) => keyOf(originOf({ ...image, region: sourceRegion }))));
  return copies.flatMap((copy): PlannedImage[] => {
    const [lineage, made] = [lineageOf(copy.properties), madeOf(copy.properties)];
    if (!lineage || made?.region !== sourceRegion || there.has(made.id) || (lineage.originRegion !== sourceRegion && origins.has(keyOf(lineage))) || !isOwn(copy)) return [];
    return [{ sourceId: made.id, name: shortened(copy.name ?? ''), action: 'delete', copyId: copy.id, sizeBytes: 0 }];
  });
}

/** Whether an image fits the filter in all that it says. */
export const isCarried = (image: ShownImage, filter: ReplicationFilter): boolean => filterRules.every((fitsRule) => fitsRule(image, filter));

const filterRules: readonly ((image: ShownImage, filter: ReplicationFilter) => boolean)[] = [
  ({ visibility }, { visibilities }) => visibilities.length === 0 || visibilities.includes(visibility),
  (image, { owner }) => owner === undefined || image.owner === owner,
  ({ name }, { namePattern }) => namePattern === undefined || fits(name ?? '', namePattern),
  (image, { tags }) => tags.every((tag) => image.tags.includes(tag)),
  (image, { properties }) => Object.entries(properties).every(([name, value]) => image.properties[name] === value),
  ({ sizeBytes }, { minSizeBytes = 0, maxSizeBytes = Infinity }) => (sizeBytes ?? 0) >= minSizeBytes && (sizeBytes ?? 0) <= maxSizeBytes,
];

/** `*` and `?` as a shell means them. Greedy with one step back, so that no pattern takes longer than its length times the text's. */
export function fits(text: string, pattern: string): boolean {
  const [letters, wanted] = [[...text], [...pattern]];
  let [at, place, star, mark] = [0, 0, -1, 0];
  while (at < letters.length) {
    if (wanted[place] === '*') [star, mark, place] = [place, at, place + 1];
    else if (place < wanted.length && (wanted[place] === '?' || wanted[place] === letters[at])) [at, place] = [at + 1, place + 1];
    else if (star >= 0) [mark, at, place] = [mark + 1, mark + 1, star + 1];
    else return false;
  }
  return wanted.slice(place).every((each) => each === '*');
}

const shortened = (name: string): string => [...name].slice(0, 64).join('');
