import { LRUCache } from 'lru-cache';
import type { ReachedService } from '#libs/contracts';
import { Problem } from '#libs/domain';
import { openDownload } from '#libs/download';
import { imageApi, reachOf } from './remote-region.js';

export type ReachService = (url: string) => Promise<ReachedService>;

const rememberedMs = 10_000;
const mostRemembered = 1000;
const largestAnswerBytes = 256 * 1024;

/** Tells whether an image service answers, and by which version; asked again after ten seconds at the earliest. No token goes with the question. */
export function reachService({ timeoutMs, nowMs = () => performance.now() }: { readonly timeoutMs: number; readonly nowMs?: () => number }): ReachService {
  const remembered = new LRUCache<string, { readonly asked: Promise<ReachedService>; readonly untilMs: number }>({ max: mostRemembered });
  return (url) => {
    const known = remembered.get(url);
    if (known && nowMs() < known.untilMs) return known.asked;
    const asked = ask(url, timeoutMs);
    remembered.set(url, { asked, untilMs: nowMs() + rememberedMs });
    return asked;
  };
}

async function ask(url: string, timeoutMs: number): Promise<ReachedService> {
  try {
    const { bytes } = await openDownload(`${imageApi(url)}/versions`, { ...reachOf(url), limitBytes: largestAnswerBytes, totalTimeoutMs: timeoutMs, answerTimeoutMs: timeoutMs, retries: 0, maxRedirects: 0 });
    const chunks: Uint8Array[] = [];
    for await (const chunk of bytes) chunks.push(chunk);
    const version = newestVersion(Buffer.concat(chunks).toString('utf8'));
    return version === undefined ? { url, isReachable: false, reason: 'what answers there is not an image service' } : { url, isReachable: true, version };
  } catch (error) {
    return { url, isReachable: false, reason: reasonOf(error, timeoutMs) };
  }
}

/** The version that the service calls current, else the highest one. */
export function newestVersion(text: string): string | undefined {
  const versions = versionsIn(text);
  const current = versions.find(({ status }) => status === 'CURRENT');
  return (current ?? versions.toSorted((one, other) => numberOf(other.id) - numberOf(one.id))[0])?.id;
}

interface Version { readonly id: string; readonly status?: unknown }

function versionsIn(text: string): Version[] {
  try {
    const { versions } = JSON.parse(text) as { versions?: unknown };
    return Array.isArray(versions) ? versions.filter((version: Partial<Version> | null): version is Version => /^v\d+\.\d+$/.test(version?.id ?? '')) : [];
  } catch {
    return [];
  }
}

const numberOf = (id: string): number => {
  const [major = 0, minor = 0] = id.slice(1).split('.').map(Number);
  return major * 1000 + minor;
};

function reasonOf(error: unknown, timeoutMs: number): string {
  if (!(error instanceof Problem)) return 'its address cannot be used';
  if (error.code === 'DownloadTimedOut') return `no answer within ${timeoutMs / 1000} seconds`;
  return error.code === 'DownloadFailed' ? String(error.params['reason'] ?? '') : 'its address cannot be used';
}
