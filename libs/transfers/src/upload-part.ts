import { createHash } from 'node:crypto';
import type { PartChecksum } from '#libs/contracts';
import { Problem } from '#libs/domain';
import { receivePart, type ByteSource, type DataKey, type UnfinishedData } from '#libs/stores';

export interface AppendedPart {
  readonly part: string;
  /** Where it begins, which must be the end of the part. */
  readonly at: number;
  /** Where the part must not go beyond. */
  readonly totalBytes?: number;
  readonly checksum?: PartChecksum;
  readonly signal: AbortSignal;
  /** Shown the size of the part with every chunk, and waited for where it gives a promise; refuses by throwing. */
  onProgress(sizeBytes: number): Promise<void> | undefined;
}

/**
 * Appends a stream to a part of an upload and gives its size, all of it durable. What arrived before a connection broke is kept; of bytes that are refused, or whose
 * checksum is wrong or cannot be told, none is. Refuses: UploadPaused, SizeMismatch, ChecksumMismatch, StoreFull, StoreUnavailable, and what `onProgress` refuses.
 */
export async function appendPart(unfinished: UnfinishedData, key: DataKey, source: ByteSource, { part, at, totalBytes = Infinity, checksum, signal, onProgress }: AppendedPart): Promise<number> {
  const hash = checksum && createHash(checksum.algorithm);
  const writer = await unfinished.append(key, part, { at, isUnverified: checksum !== undefined });
  let sizeBytes = at;
  try {
    const { brokenBy } = await receivePart(writer, source, {
      signal,
      onBytes(bytes) {
        sizeBytes += bytes.byteLength;
        if (sizeBytes > totalBytes) throw new Problem('SizeMismatch', { declaredBytes: totalBytes, receivedBytes: sizeBytes });
        hash?.update(bytes);
        return onProgress(sizeBytes);
      },
    });
    const refusal = brokenBy === undefined ? wrongChecksum(checksum, hash?.digest('base64')) : refusalOf(brokenBy);
    if (refusal && (checksum || refusal.code !== 'UploadPaused')) throw refusal;
    const kept = await writer.keep();
    if (refusal) throw refusal;
    return kept;
  } catch (error) {
    await writer.undo().catch(() => {});
    throw error;
  }
}

function wrongChecksum(checksum: PartChecksum | undefined, found: string | undefined): Problem | undefined {
  return checksum && checksum.value !== found ? new Problem('ChecksumMismatch', { algorithm: checksum.algorithm }) : undefined;
}

/** A client that goes or falls silent, and a later request that takes his place, break nothing. */
function refusalOf(brokenBy: unknown): Problem {
  if (brokenBy instanceof Problem && brokenBy.code !== 'UploadInterrupted') return brokenBy;
  return new Problem('UploadPaused', {}, { cause: brokenBy });
}
