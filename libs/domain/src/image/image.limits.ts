import { Problem } from '../problem.js';

/** How many of each an image may have; -1 is no limit. Glance: image_property_quota, image_tag_quota, image_member_quota, image_location_quota. */
export interface ImageLimits {
  readonly properties: number;
  readonly tags: number;
  readonly members: number;
  /** No limit where it is not said. */
  readonly locations?: number;
}

/** Refuses a count over its limit with the given code. Breach is 413 at the edge, as in Glance. */
export function within(limit: number, count: number, code: 'TooManyProperties' | 'TooManyTags' | 'TooManyMembers' | 'TooManyLocations'): void {
  if (limit >= 0 && count > limit) throw new Problem(code, { limit, count });
}
