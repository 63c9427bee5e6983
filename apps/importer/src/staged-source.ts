import { signCapability } from '#libs/contracts';
import { Problem, stagingStoreId, type Image } from '#libs/domain';
import type { DataKey, Store, StoreReader } from '#libs/stores';
import { openFirst } from './service-bytes.js';
import type { OpenSource, Source } from './sources.js';

export interface StagingLine {
  /** The staging area as it is seen from here; it may be elsewhere. */
  readonly store: Store;
  /** Of every staging service. Where they share no area, one of them has the data. */
  readonly stagingUrls: readonly string[];
  /** Without it the staging service is not asked. */
  readonly capabilityKey: string | undefined;
  clock(): Date;
}

type Staged = NonNullable<Image['staged']>;

/** A capability opens one connection, and is signed right before it. */
const validForMs = 60_000;

/**
 * glance-direct: what waits in the staging area. It is taken from where it lies, if that can be seen from here, else fetched from the service that has it.
 * Refuses: ImageDataNotFound, Unavailable, and SizeMismatch for bytes that are not all there any more.
 */
export const stagedSource = (line: StagingLine): OpenSource => async ({ imageId, image: { staged }, importing }, { signal }) => {
  if (!staged) throw new Problem('ImageDataNotFound', { imageId, storeId: stagingStoreId });
  const key = { imageId, attemptId: staged.attemptId, storeId: stagingStoreId };
  return await fromHere(line.store, key, staged) ?? fromService(line, key, staged, importing.importId, signal);
};

async function fromHere(store: Store, key: DataKey, { attemptId: _, ...facts }: Staged): Promise<Source | undefined> {
  const reader = await openHere(store, key);
  if (!reader) return undefined;
  if (reader.sizeBytes === facts.sizeBytes) {
    return { bytes: reader, declaredSizeBytes: facts.sizeBytes, stored: { store, key, facts, isGivenUp: true }, close: () => reader.close() };
  }
  await reader.close();
  throw new Problem('SizeMismatch', { declaredBytes: facts.sizeBytes, receivedBytes: reader.sizeBytes });
}

/** What cannot be seen or read from here may still be had from the service. */
async function openHere(store: Store, key: DataKey): Promise<StoreReader | undefined> {
  try {
    return await store.read(key);
  } catch (error) {
    if (error instanceof Problem && (error.code === 'ImageDataNotFound' || error.code === 'StoreUnavailable')) return undefined;
    throw error;
  }
}

async function fromService({ stagingUrls, capabilityKey, clock }: StagingLine, { imageId, attemptId }: DataKey, { sizeBytes }: Staged, importId: string, signal: AbortSignal): Promise<Source> {
  if (capabilityKey === undefined) throw new Problem('ImageDataNotFound', { imageId, storeId: stagingStoreId });
  const capability = (): string => signCapability(capabilityKey, {
    may: 'read', imageId, attemptId, expiresAt: new Date(clock().getTime() + validForMs),
    requestId: `import-${importId}`, actor: { userId: 'service:importer', authMethod: 'service' },
  });
  const { bytes, close } = await openFirst(stagingUrls.map((stagingUrl) => ({ url: () => `${stagingUrl}/transfers/${capability()}`, what: 'The staging area', signal })));
  return { bytes, declaredSizeBytes: sizeBytes, close: () => Promise.resolve(close()) };
}
