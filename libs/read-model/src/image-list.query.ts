import type { ImageStatus, MemberStatus, Visibility } from '#libs/domain';

export type SortKey = 'name' | 'status' | 'container_format' | 'disk_format' | 'size' | 'id' | 'created_at' | 'updated_at';
export type SortDirection = 'asc' | 'desc';
export interface SortBy { readonly key: SortKey; readonly direction: SortDirection }

/** A condition on a moment. Moments count in whole seconds here, because that is what clients are shown. */
export interface TimeCondition { readonly op: 'gt' | 'gte' | 'eq' | 'neq' | 'lt' | 'lte'; readonly at: Date }
/** Inclusive bounds. */
export interface NumberCondition { readonly min?: number; readonly max?: number; readonly equals?: number }

/** What is asked of `GET /v2/images`, parsed. All conditions must hold; of a list of values one must. Source: API reference, "List images". */
export interface ImageListQuery {
  /** Absent: everything visible except other owners' community images. */
  readonly visibility?: Visibility | 'all';
  /** Which images shared with the viewer appear; `accepted` where absent. */
  readonly memberStatus?: MemberStatus | 'all';
  /** False where absent. */
  readonly isHidden?: boolean;
  readonly owner?: string;
  readonly name?: readonly string[];
  readonly id?: readonly string[];
  readonly status?: readonly (ImageStatus | (string & {}))[];
  readonly containerFormat?: readonly string[];
  readonly diskFormat?: readonly string[];
  readonly checksum?: string;
  readonly osHashAlgo?: string;
  readonly osHashValue?: string;
  readonly isProtected?: boolean;
  /** Every one of them. */
  readonly tags?: readonly string[];
  readonly properties?: Readonly<Record<string, string>>;
  readonly createdAt?: readonly TimeCondition[];
  readonly updatedAt?: readonly TimeCondition[];
  readonly sizeBytes?: NumberCondition;
  readonly virtualSizeBytes?: NumberCondition;
  readonly minDisk?: NumberCondition;
  readonly minRam?: NumberCondition;
  /** `created_at` descending where empty; `created_at` and `id` break ties in any case. */
  readonly sort?: readonly SortBy[];
  /** The id of the image after which the page begins. */
  readonly marker?: string;
  readonly limit: number;
}

/** By whose rights the list is made. An administrator sees every image, but other owners' community images only on request, as in Glance. */
export interface Viewer {
  readonly projectId?: string;
  readonly isAdmin: boolean;
}

/** Images that one index range holds: one visibility, and of one owner or shared with one member. */
export interface ImageRange {
  readonly visibility: Visibility;
  readonly owner?: string;
  readonly sharedWith?: { readonly projectId: string; readonly status: MemberStatus };
}

/** The disjoint ranges whose union is what the viewer may list; at most six, however many images there are. */
export function visibleRanges(query: Pick<ImageListQuery, 'visibility' | 'memberStatus' | 'owner'>, viewer: Viewer): ImageRange[] {
  const { owner, visibility = 'default' } = query;
  const wants = (candidate: Visibility) => visibility === 'default' || visibility === 'all' || visibility === candidate;
  const everybodys = (candidate: Visibility): ImageRange[] => [{ visibility: candidate, ...(owner === undefined ? {} : { owner }) }];
  const own = (candidate: Visibility): ImageRange[] =>
    viewer.projectId === undefined || (owner ?? viewer.projectId) !== viewer.projectId ? [] : [{ visibility: candidate, owner: viewer.projectId }];
  return [
    ...(wants('public') ? everybodys('public') : []),
    ...(wants('private') ? (viewer.isAdmin ? everybodys('private') : own('private')) : []),
    ...(wants('shared') ? (viewer.isAdmin ? everybodys('shared') : [...own('shared'), ...accepted(query, viewer)]) : []),
    ...(wants('community') ? (visibility === 'default' ? own('community') : everybodys('community')) : []),
  ];
}

function accepted({ memberStatus = 'accepted', owner }: Pick<ImageListQuery, 'memberStatus' | 'owner'>, { projectId }: Viewer): ImageRange[] {
  if (projectId === undefined) return [];
  const statuses: readonly MemberStatus[] = memberStatus === 'all' ? ['accepted', 'pending', 'rejected'] : [memberStatus];
  return statuses.map((status) => ({ visibility: 'shared', sharedWith: { projectId, status }, ...(owner === undefined ? {} : { owner }) }));
}

/**
 * The whole order of a list: the keys asked for, then `created_at` and `id`, so that no two images are equal.
 * The added keys go the way of a single key, and downwards beside several: Glance's rule.
 */
export function fullOrder(sort: readonly SortBy[] = []): SortBy[] {
  const asked = sort.length === 0 ? [{ key: 'created_at', direction: 'desc' } as const] : sort;
  const distinct = asked.filter(({ key }, place) => asked.findIndex((other) => other.key === key) === place);
  const direction = asked.length === 1 ? asked[0]?.direction ?? 'desc' : 'desc';
  const ties = (['created_at', 'id'] as const).filter((key) => !distinct.some((sorted) => sorted.key === key));
  const all = [...distinct, ...ties.map((key) => ({ key, direction }))];
  return all.slice(0, all.findIndex(({ key }) => key === 'id') + 1);
}
