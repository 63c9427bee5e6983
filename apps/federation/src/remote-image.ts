import type { RemoteImage } from '#libs/contracts';
import { Problem } from '#libs/domain';
import type { Download } from '#libs/download';
import { extraProperties } from './extra-properties.js';
import { getRemote, type AskedRemote } from './remote-region.js';

/** The JSON of an image with a hundred properties of full length stays below it. */
const largestDescriptionBytes = 8 * 1024 * 1024;
const descriptionTimeoutMs = 30_000;

/** What the other region says of the image. Refuses: RemoteImageNotActive, RemoteImageUnusable, and what `getRemote` does. */
export async function describeRemote(asked: AskedRemote, { prefixes, signal }: { readonly prefixes: readonly string[]; readonly signal: AbortSignal }): Promise<RemoteImage> {
  const download = await getRemote(asked, `/v2/images/${asked.imageId}`, { limitBytes: largestDescriptionBytes, totalTimeoutMs: descriptionTimeoutMs, signal, retries: 3 });
  const chunks: Uint8Array[] = [];
  for await (const chunk of download.bytes) chunks.push(chunk);
  return readDescription(asked, Buffer.concat(chunks).toString('utf8'), prefixes);
}

/** Reads what came from another service, and believes no part of it before it was looked at. */
export function readDescription({ region, imageId }: Pick<AskedRemote, 'region' | 'imageId'>, text: string, prefixes: readonly string[]): RemoteImage {
  const unusable = (detail: string): Problem => new Problem('RemoteImageUnusable', { region, imageId, detail });
  const shown = objectIn(text);
  if (!shown) throw unusable('the answer is not an image');
  const { status, size, disk_format: diskFormat, container_format: containerFormat } = shown;
  if (status !== 'active') throw new Problem('RemoteImageNotActive', { region, imageId, status: String(status).slice(0, 32) });
  if (!isSize(size)) throw unusable('it does not tell the size');
  if (typeof diskFormat !== 'string' || typeof containerFormat !== 'string') throw unusable('it has no disk_format or no container_format');
  return { sizeBytes: size, diskFormat, containerFormat, ...hashesIn(shown), properties: extraProperties(shown, prefixes) };
}

/**
 * The data of the image from `startAt` on. A broken link is taken up again where it broke: data of an active image never changes.
 * Refuses what `getRemote` does, while the bytes are read too.
 */
export function openRemoteData(asked: AskedRemote, { sizeBytes }: RemoteImage, { startAt, totalTimeoutMs, signal }: { startAt: number; totalTimeoutMs: number; signal: AbortSignal }): Promise<Download> {
  return getRemote(asked, `/v2/images/${asked.imageId}/file`, {
    limitBytes: sizeBytes, expectedSizeBytes: sizeBytes, startAt, isImmutable: true, totalTimeoutMs, signal,
  });
}

function objectIn(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

const isSize = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

/** A hash in a form that nobody knows is none: the bytes are then compared by what is left. */
function hashesIn({ checksum, os_hash_algo: algo, os_hash_value: value }: Readonly<Record<string, unknown>>): Pick<RemoteImage, 'checksum' | 'osHashAlgo' | 'osHashValue'> {
  const hasOsHash = typeof algo === 'string' && typeof value === 'string' && /^[0-9a-f]{32,128}$/.test(value);
  return {
    checksum: typeof checksum === 'string' && /^[0-9a-f]{32}$/.test(checksum) ? checksum : null,
    osHashAlgo: hasOsHash ? algo : null, osHashValue: hasOsHash ? value : null,
  };
}
