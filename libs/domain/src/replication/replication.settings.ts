import { Problem } from '../problem.js';
import type { ReplicationSettings } from './replication.js';

/** What the settings of a policy may be at most. The gateway's schema says the same; this is the last word. */
export const replicationLimits = {
  nameLength: 255, patternLength: 255, textLength: 255, valueLength: 65_535, tags: 50, properties: 50, concurrency: 32, leastBytesPerSecond: 65_536, scheduleLength: 120,
} as const;

const { nameLength, patternLength, tags, properties, concurrency, leastBytesPerSecond, scheduleLength } = replicationLimits;

/** The first rule that settings break. Refuses: InvalidRequest. */
export function refuseSettings(settings: ReplicationSettings): void {
  const broken = rules.find(([, holds]) => !holds(settings));
  if (broken) throw new Problem('InvalidRequest', { detail: `A replication policy needs ${broken[0]}.` });
}

const isLength = (text: string, longest: number): boolean => text.length > 0 && text.length <= longest;

const rules: readonly (readonly [string, (settings: ReplicationSettings) => boolean])[] = [
  [`a name of 1 to ${nameLength} characters`, ({ name }) => isLength(name, nameLength)],
  ['the name of a remote_region of 1 to 64 characters', ({ remoteRegion }) => /^[^\x00-\x1f]{1,64}$/.test(remoteRegion)],
  [`a concurrency from 1 to ${concurrency}`, (each) => Number.isInteger(each.concurrency) && each.concurrency >= 1 && each.concurrency <= concurrency],
  [`a bandwidth limit of at least ${leastBytesPerSecond} bytes a second, or none`, ({ bytesPerSecond }) => bytesPerSecond === undefined || bytesPerSecond >= leastBytesPerSecond],
  ['a schedule with the trigger schedule, and none with another trigger', ({ trigger, schedule }) => (trigger === 'schedule') === (schedule !== undefined)],
  ['a schedule of five fields, as 0 3 * * *', ({ schedule }) => schedule === undefined || (isLength(schedule, scheduleLength) && schedule.trim().split(/\s+/).length === 5)],
  [`a name pattern of 1 to ${patternLength} characters`, ({ filter }) => filter.namePattern === undefined || isLength(filter.namePattern, patternLength)],
  [`at most ${tags} tags in its filter`, ({ filter }) => filter.tags.length <= tags],
  [`at most ${properties} properties in its filter`, ({ filter }) => Object.keys(filter.properties).length <= properties],
  ['a smallest size that is not above the largest', ({ filter: { minSizeBytes = 0, maxSizeBytes = Infinity } }) => minSizeBytes <= maxSizeBytes],
];
