import { planReplication, viaNames, type ReplicationSettings, type ShownImage } from '#libs/domain';
import type { Carriage } from '../replication/carriage.js';
import { RegionFailure } from '../replication/image-api.js';
import { replicateImage } from '../replication/replicate-image.js';
import { claimingCopies, readMembers } from '../replication/see-regions.js';

/** What copies of an image that no policy brings are like. */
export const usualSettings = (region: string): ReplicationSettings => ({
  name: 'image-actions', direction: 'push', remoteRegion: region, filter: { visibilities: [], tags: [], properties: {} }, trigger: 'manual', concurrency: 1,
  carriesMetadata: true, carriesMembers: false, carriesDeletions: false, conflictRule: 'source', keepsIds: false,
});

export interface ReplicateToRegion { readonly sourceImageId: string; readonly policyId: string; readonly settings: ReplicationSettings; readonly carriage: Carriage; readonly signal: AbortSignal }

/** Makes sure that a region has a copy of an image that is as the settings say: there is one already, or it is made. Fails with RegionFailure. */
export async function replicateToRegion({ sourceImageId, policyId, settings: { filter: _, ...rest }, carriage: { ends, carryData }, signal }: ReplicateToRegion): Promise<void> {
  const { source, target } = ends;
  // It was chosen by its id: the filter of a policy says nothing of it.
  const settings: ReplicationSettings = { ...rest, filter: usualSettings(target.region).filter, carriesDeletions: false };
  const image = await source.show(sourceImageId);
  if (!image) throw new RegionFailure(source.region, 404, 'the image is not there any more, or the account may not see it');
  const there = await claimingCopies(image, { source, target });
  const chosen = withoutWay(image);
  const [shown, copies] = settings.carriesMembers ? [await readMembers(source, [chosen]), await readMembers(target, there)] : [[chosen], there];
  const planned = planReplication({ settings, sourceRegion: source.region, targetRegion: target.region, source: shown, copies, isOwn: () => true });
  for (const each of planned) {
    const { outcome, cause = 'no reason was given' } = await replicateImage({ ...each, status: 'pending', sentBytes: 0 }, { policyId, settings, ends, carryData, signal });
    if (outcome !== 'done') throw new RegionFailure(target.region, 409, cause);
  }
}

/** Policies bring nothing back to where it came by; what somebody asks for is brought there all the same. */
function withoutWay(image: ShownImage): ShownImage {
  const { [viaNames.path]: _, ...properties } = image.properties;
  return { ...image, properties };
}
