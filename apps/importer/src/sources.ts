import { Problem, type Image, type ImportInProgress } from '#libs/domain';
import type { ByteSource, DataKey, Store, Stores } from '#libs/stores';

/** Where the bytes of an import come from, opened. */
export interface Source {
  readonly bytes: ByteSource;
  readonly declaredSizeBytes?: number;
  /** Set where they lie in a store: another one may be able to copy them by itself. */
  readonly stored?: { readonly store: Store; readonly key: DataKey };
  /** May be called more than once. */
  close(): Promise<void>;
}

export interface ImageUnderImport { readonly imageId: string; readonly image: Image; readonly importing: ImportInProgress }
export type OpenSource = (asked: ImageUnderImport, signal: AbortSignal) => Promise<Source>;

/**
 * Opens what an import reads: data that one store has already goes on to the others from there, whatever the method was; only the first store
 * is filled from the method's own source. Refuses: what the stores refuse, ImageDataNotFound where no store of ours has the data.
 */
export const sourcesOf = ({ stores }: { readonly stores: Stores }): OpenSource => async ({ imageId, image }) => {
  const held = image.attempts.filter(({ state }) => state === 'stored');
  for (const store of stores.byWeight()) {
    const attempt = held.find(({ storeId }) => storeId === store.id);
    if (attempt) return fromStore(store, { imageId, attemptId: attempt.attemptId, storeId: store.id });
  }
  throw new Problem('ImageDataNotFound', { imageId, storeId: held.map(({ storeId }) => storeId).join(', ') });
};

async function fromStore(store: Store, key: DataKey): Promise<Source> {
  const reader = await store.read(key);
  return { bytes: reader, declaredSizeBytes: reader.sizeBytes, stored: { store, key }, close: () => reader.close() };
}
