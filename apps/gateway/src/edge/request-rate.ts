import type { Caller } from '#libs/identity';
import { Problem } from '#libs/domain';

/** How many requests of a project are answered in a second on average; 0 is no limit. A burst may have ten seconds' worth. */
export interface RateRules {
  readonly readsPerSecond: number;
  readonly changesPerSecond: number;
}

/** Counts a request of a project. Refuses: TooManyRequests, with the seconds after which one is answered again. */
export type CountRequest = (method: string, caller: Caller) => void;

interface Bucket { requests: number; atMs: number }

const burstSeconds = 10;
const mostProjects = 10_000;
const reads: ReadonlySet<string> = new Set(['GET', 'HEAD']);

/**
 * A bucket a project, for reads and for changes, that runs empty at the allowed rate: a flood of one tenant does not take the others' turn. Each gateway
 * counts for itself. Administrators, services and tokens without a project are not counted.
 */
export function requestRate({ readsPerSecond, changesPerSecond }: RateRules, nowMs: () => number = () => performance.now()): CountRequest {
  const count = { reads: bucketsOf(readsPerSecond, nowMs), changes: bucketsOf(changesPerSecond, nowMs) };
  return (method, { projectId, isAdmin, isService }) => {
    if (projectId === null || isAdmin || isService) return;
    (reads.has(method) ? count.reads : count.changes)(projectId);
  };
}

function bucketsOf(perSecond: number, nowMs: () => number): (projectId: string) => void {
  const buckets = new Map<string, Bucket>();
  const most = perSecond * burstSeconds;
  return (projectId) => {
    if (perSecond === 0) return;
    const now = nowMs();
    const bucket = buckets.get(projectId) ?? newBucket(buckets, projectId, now);
    bucket.requests = Math.max(0, bucket.requests - (now - bucket.atMs) / 1000 * perSecond);
    bucket.atMs = now;
    if (bucket.requests + 1 > most) throw new Problem('TooManyRequests', { limit: perSecond, seconds: Math.max(1, Math.ceil((bucket.requests + 1 - most) / perSecond)) });
    bucket.requests += 1;
  };
}

/** Forgets the project that was heard of first where there are too many. */
function newBucket(buckets: Map<string, Bucket>, projectId: string, atMs: number): Bucket {
  const [first] = buckets.keys();
  if (buckets.size >= mostProjects && first !== undefined) buckets.delete(first);
  const bucket = { requests: 0, atMs };
  buckets.set(projectId, bucket);
  return bucket;
}
