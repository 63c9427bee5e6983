import { Problem, type ImageDataFacts } from '#libs/domain';
import { receiveData, type DataKey, type Store } from '#libs/stores';
import type { ImportParts } from './run-import.js';
import type { ImageUnderImport, Source } from './sources.js';

export interface Brought {
  readonly facts: ImageDataFacts;
  /** Takes the bytes out of the store again, where they turned out not to be wanted. Never rejects: what stays is found as bytes of an attempt that is over. */
  remove(): Promise<void>;
}

/** Brings the data of an import into one store, durable. Refuses: what source and store refuse, StoreUnavailable where nothing moved for too long. */
export async function bringToStore(asked: ImageUnderImport, key: DataKey, parts: ImportParts, signal: AbortSignal): Promise<Brought> {
  const store = parts.stores.get(key.storeId);
  const stalled = stallLimit(key.storeId, parts.idleMs);
  const limits = { signal: AbortSignal.any([signal, stalled.signal]), onProgress: stalled.moved };
  try {
    const source = await parts.openSource(asked, limits.signal);
    try {
      const facts = await copyInside(asked, store, key, source, limits) ?? await receive(store, key, source, parts, limits);
      return { facts, remove: () => store.remove(key).catch(() => undefined) };
    } finally {
      await source.close();
    }
  } finally {
    stalled.end();
  }
}

interface Limits { readonly signal: AbortSignal; onProgress(): void }

/** Where the store can take another's data without the bytes passing through here; what it has then is what is known of the image. */
async function copyInside({ image: { data } }: ImageUnderImport, store: Store, key: DataKey, { stored }: Source, limits: Limits): Promise<ImageDataFacts | undefined> {
  if (!data || !stored) return undefined;
  const writer = await store.copyFrom?.(stored.store, stored.key, key, limits);
  await writer?.commit();
  return writer && data;
}

async function receive(store: Store, key: DataKey, { bytes, declaredSizeBytes }: Source, { osHashAlgo, limitBytes }: ImportParts, limits: Limits): Promise<ImageDataFacts> {
  const received = await receiveData(store, key, bytes, { ...limits, limitBytes, osHashAlgo, ...(declaredSizeBytes === undefined ? {} : { declaredSizeBytes }) });
  const { sizeBytes, checksum, osHashValue } = received;
  await received.commit();
  return { sizeBytes, checksum, osHashAlgo, osHashValue };
}

/** Ends a transfer on which nothing moves: a store that hangs must not leave an image in importing for ever. */
function stallLimit(storeId: string, idleMs: number) {
  const controller = new AbortController();
  const timer = setTimeout(() => { controller.abort(new Problem('StoreUnavailable', { storeId })); }, idleMs);
  timer.unref();
  return { signal: controller.signal, moved: () => { timer.refresh(); }, end: () => { clearTimeout(timer); } };
}
