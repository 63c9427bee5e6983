import { derivedUuid } from '#libs/contracts';
import { keptForName, lineageNames, lineageOf, originOf, viaNames, type Lineage, type ReplicationSettings, type ReplicationSight, type ShownImage } from '#libs/domain';
import type { ImageApi } from './image-api.js';

/** The two ends of a policy, seen from this region. */
export interface Ends { readonly source: ImageApi; readonly target: ImageApi }

/**
 * Looks at both regions as they are. Of the source, what may fit; of the target, all that claims to come from where that came from.
 * Fails where one of them cannot be listed to its end: half a list would look like deletions.
 */
export async function seeRegions(policyId: string, settings: ReplicationSettings, { source, target }: Ends): Promise<ReplicationSight> {
  const shown = unique(await source.list(filtersOf(settings)));
  const regions = new Set([source.region, ...shown.map((image) => originOf({ ...image, region: source.region }).originRegion)]);
  regions.delete(target.region);
  const copies: ShownImage[] = [];
  for (const region of regions) copies.push(...await target.list({ [lineageNames.originRegion]: region }));
  // Of what is gone at the source, its images do not tell where it was from.
  if (settings.carriesDeletions) copies.push(...await target.list({ [viaNames.region]: source.region }));
  return sightOf(policyId, settings, { source, target }, shown, copies);
}

async function sightOf(policyId: string, settings: ReplicationSettings, { source, target }: Ends, shown: readonly ShownImage[], copies: readonly ShownImage[]): Promise<ReplicationSight> {
  const withMembers = settings.carriesMembers ? readMembers : (_: ImageApi, images: readonly ShownImage[]) => Promise.resolve(images);
  return { sourceRegion: source.region, targetRegion: target.region, source: await withMembers(source, shown), copies: await withMembers(target, unique(copies)), isOwn: (copy) => isOwnCopy(policyId, copy) };
}

/** The same of some images of the source alone: what it holds of them now, and what the target has of each. An image that is not there is deleted, as one that is missing in a whole list. */
export async function seeImages(policyId: string, settings: ReplicationSettings, { source, target }: Ends, imageIds: readonly string[]): Promise<ReplicationSight> {
  const shown: ShownImage[] = [];
  const copies: ShownImage[] = [];
  for (const id of imageIds) {
    const image = await source.show(id);
    if (image) shown.push(image);
    copies.push(...await claimingCopies(image ?? { id, properties: {} }, { source, target }));
    if (image || !settings.carriesDeletions) continue;
    const further = await target.list({ [viaNames.region]: source.region, [viaNames.id]: id });
    copies.push(...further);
    for (const copy of further) shown.push(...await alikeAt(source, copy));
  }
  return sightOf(policyId, settings, { source, target }, unique(shown), copies);
}

/** The target's images that claim to come from where an image of the source comes from; none where that is the target itself. */
export async function claimingCopies(image: Pick<ShownImage, 'id' | 'properties'>, { source, target }: Ends): Promise<readonly ShownImage[]> {
  const { originRegion, originId } = originOf({ ...image, region: source.region });
  return originRegion === target.region ? [] : claiming(target, { originRegion, originId });
}

/** The images of a region that claim to come from the same first image as a copy does. */
export async function alikeAt(api: ImageApi, copy: ShownImage): Promise<readonly ShownImage[]> {
  const lineage = lineageOf(copy.properties);
  return lineage ? claiming(api, lineage) : [];
}

const claiming = (api: ImageApi, { originRegion, originId }: Pick<Lineage, 'originRegion' | 'originId'>): Promise<ShownImage[]> =>
  api.list({ [lineageNames.originRegion]: originRegion, [lineageNames.originId]: originId });

/** Who images are shared with is in no list. */
export async function readMembers(api: ImageApi, images: readonly ShownImage[]): Promise<ShownImage[]> {
  const seen: ShownImage[] = [];
  for (const image of images) seen.push(image.visibility === 'shared' ? { ...image, members: await api.members(image.id) } : image);
  return seen;
}

/** What the source's own list can sort out; the plan looks at all of it once more. Where deletions follow, an image must not be missing because it does not fit. */
const filtersOf = ({ filter, carriesDeletions }: ReplicationSettings): Record<string, string> => (carriesDeletions ? {} : {
  ...(filter.visibilities.length === 1 && filter.visibilities[0] !== undefined ? { visibility: filter.visibilities[0] } : {}),
  ...(filter.owner === undefined ? {} : { owner: filter.owner }), ...(filter.tags[0] === undefined ? {} : { tag: filter.tags[0] }),
  ...(filter.minSizeBytes === undefined ? {} : { size_min: String(filter.minSizeBytes) }), ...(filter.maxSizeBytes === undefined ? {} : { size_max: String(filter.maxSizeBytes) }),
});

/** A list that changes while it is read may show an image twice. */
const unique = (images: readonly ShownImage[]): ShownImage[] => [...new Map(images.map((image) => [image.id, image])).values()];

const mostGenerations = 8;
export const generations: readonly number[] = Array.from({ length: mostGenerations }, (_, each) => each);

/**
 * The id of a policy's copy of an image: always the same, so that whoever repeats what a killed process began finds its beginnings. A later generation takes the
 * place of a copy that was deleted, whose id is not free any more. Nobody who does not know the policy can foresee it.
 */
export const copyIdOf = (policyId: string, { originRegion, originId }: Pick<Lineage, 'originRegion' | 'originId'>, generation: number): string =>
  derivedUuid(JSON.stringify(['copy', policyId, originRegion, originId, generation]));

/** What a policy writes on a copy that has its source's id: as that of copyIdOf, nobody who does not know the policy can foresee it. */
export const keptFor = (policyId: string, id: string): Record<string, string> => ({ [keptForName]: derivedUuid(JSON.stringify(['kept', policyId, id])) });

/** Whether the policy has made a copy: its id tells, or what is written on it. */
export function isOwnCopy(policyId: string, { id, properties }: ShownImage): boolean {
  const lineage = lineageOf(properties);
  if (!lineage) return false;
  return properties[keptForName] === keptFor(policyId, id)[keptForName] || generations.some((generation) => copyIdOf(policyId, lineage, generation) === id);
}
