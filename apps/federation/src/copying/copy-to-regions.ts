import type { CopyOrder } from '#libs/contracts';
import { Problem } from '#libs/domain';
import { RegionFailure } from '../replication/image-api.js';
import { carryDataOf, cloneImage, endsOfClone, removeUnfinished, type CloneOrder } from './clone-image.js';
import type { CopyParts } from './copy-parts.js';
import { replicateToRegion, usualSettings } from './replicate-to-region.js';

const isClone = (order: CopyOrder): order is CloneOrder => order.clone !== undefined;
/** In the place of a policy: so copies that no policy brings have ids that are always the same. */
const noPolicy = 'image-actions';

/**
 * Copies an image to every region of an order, all at once, and says of each that failed why. May be repeated at any moment: what is there already is found.
 * Refuses: CopyFailed, RemoteTokenLost, RemoteTokenRefused, ReplicationPolicyNotFound.
 */
export async function copyToRegions(order: CopyOrder, parts: CopyParts, signal: AbortSignal): Promise<void> {
  const limit = AbortSignal.timeout(parts.totalTimeoutMs);
  const within = AbortSignal.any([signal, limit]);
  const copyTo = isClone(order) ? cloning(order, parts, within) : await replicating(order, parts, within);
  const failures = await Promise.all(order.regions.map(async (region) => {
    try {
      await copyTo(region);
      return [];
    } catch (error) {
      signal.throwIfAborted();
      const failure = limit.aborted ? new RegionFailure(region, 0, `the copy took longer than ${parts.totalTimeoutMs / 1000} seconds`) : error;
      if (!(failure instanceof RegionFailure)) throw failure;
      return [{ region, cause: failure.message }];
    }
  }));
  const failed = failures.flat();
  if (failed.length === 0) return;
  const done = order.regions.filter((region) => !failed.some((failure) => failure.region === region)).join(', ');
  throw new Problem('CopyFailed', { failed: failed.map(({ cause }) => cause).join('; ').slice(0, 900), done: done === '' ? '' : ` It is in ${done}.` });
}

/** A token that is gone is no failure of a region: the refusal ends the whole order. */
const cloning = (order: CloneOrder, parts: CopyParts, signal: AbortSignal) => async (region: string): Promise<void> => {
  const ends = await endsOfClone(order, region, parts, signal);
  await cloneImage(order, ends, await carryDataOf(ends, parts.totalTimeoutMs), signal);
};

async function replicating({ sourceImageId, policyId }: CopyOrder, { desk, carriage }: CopyParts, signal: AbortSignal): Promise<(region: string) => Promise<void>> {
  const policy = policyId === undefined ? undefined : await desk.load(policyId);
  if (policy && (!policy.exists || policy.kind !== 'policy')) throw new Problem('ReplicationPolicyNotFound', { policyId: policyId ?? '' });
  return async (region) => {
    const settings = policy?.settings ?? usualSettings(region);
    await replicateToRegion({ sourceImageId, policyId: policyId ?? noPolicy, settings, carriage: await carriage(policyId ?? noPolicy, { settings }, signal), signal });
  };
}

/** The order has ended: what a clone left unfinished goes, and the token that it needed. Never rejects for a region that does not answer. */
export async function endCopies(order: CopyOrder, parts: CopyParts, signal: AbortSignal): Promise<void> {
  if (!isClone(order)) return;
  for (const region of order.regions) {
    try {
      await removeUnfinished(order, await endsOfClone(order, region, parts, signal));
    } catch (error) {
      if (!(error instanceof RegionFailure || error instanceof Problem)) throw error;
    }
  }
  await parts.tokens.remove(order.importId);
}
