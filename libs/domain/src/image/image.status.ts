/**
 * The life of an image. Source: api-ref "Image statuses"; Glance's `valid_state_targets`.
 *
 *   queued ──upload──► saving ──► active ◄──► deactivated
 *     │ ▲                │            │            │
 *     │ └───failed───────┘            │            │
 *     ├──stage──► uploading ──► importing ──► active
 *     └───────────── any of them ──► deleted ──undelete, while it is kept──► what it was, or queued
 */
export const imageStatuses = [
  'queued', 'saving', 'uploading', 'importing', 'active', 'deactivated', 'pending_delete', 'killed', 'deleted',
] as const;
export type ImageStatus = (typeof imageStatuses)[number];

/** The name of the staging area among stores, as Glance reserves it: no image's data is served from there. */
export const stagingStoreId = 'os_glance_staging_store';

export const visibilities = ['public', 'community', 'shared', 'private'] as const;
export type Visibility = (typeof visibilities)[number];

export const memberStatuses = ['pending', 'accepted', 'rejected'] as const;
export type MemberStatus = (typeof memberStatuses)[number];
