import type { AuditEvent, Hearing } from '#libs/contracts';
import type { ReplicationSettings } from '#libs/domain';

/** What a policy need hear of its source: no more than what it may carry. */
export function hearingOf({ filter }: ReplicationSettings): Hearing {
  if (filter.owner !== undefined) return { projects: [filter.owner] };
  return filter.visibilities.length === 1 && filter.visibilities[0] === 'public' ? { projects: [] } : { projects: 'all' };
}

const withoutData: ReadonlySet<string> = new Set(['queued', 'saving', 'uploading', 'importing']);

/** Whether there may be something to be done about an image of which this is told: while it has no data there is not. */
export const isNews = ({ audience, data }: Pick<AuditEvent, 'audience' | 'data'>): boolean => (audience !== 'owner' && audience !== 'public') || !withoutData.has(data.status);
