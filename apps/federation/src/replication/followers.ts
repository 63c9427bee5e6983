import { isRegionName, type Hearing } from '#libs/contracts';

/** What other regions may hear of this one, as `heliograph.replication_followers` says it. This one may hear everything of itself. Throws on what is no entry. */
export function followersIn(entries: readonly string[], region: string): ReadonlyMap<string, Hearing> {
  const followers = new Map<string, Hearing>([[region, { projects: 'all' }]]);
  for (const entry of entries) {
    const [follower = '', ...rest] = entry.split(':');
    const project = rest.join(':');
    if (!isRegionName(follower) || entry.endsWith(':')) throw new Error(`heliograph.replication_followers: ${entry} is neither REGION nor REGION:PROJECT nor REGION:*`);
    const before = followers.get(follower)?.projects ?? [];
    if (before !== 'all') followers.set(follower, { projects: project === '*' ? 'all' : [...before, ...(project === '' ? [] : [project])] });
  }
  return followers;
}
