import { rm } from 'node:fs/promises';
import { Problem, type KnownDataFacts } from '#libs/domain';
import { isOsHashAlgo, receiveData, type ByteRange, type DataKey, type ReceiveOptions, type StoreReader } from '#libs/stores';
import { growingFile, type GrowingFile, type OpenOrigin } from './growing-file.js';

export interface FillOptions {
  readonly key: DataKey;
  readonly data: KnownDataFacts;
  /** Where the bytes arrive. */
  readonly path: string;
  readonly openOrigin: OpenOrigin;
  /** For how long no byte may come. */
  readonly stallMs: number;
  /** Makes an entry of what arrived, whole and with the right hashes. */
  keep(): Promise<void>;
}

/**
 * The data of one image on its way into the cache, read once from its store however many wait for it. It goes on when its first reader leaves,
 * and no reader's pace holds it up. Who follows reads what has arrived, and goes on from the store where the rest does not come.
 */
export interface Fill {
  readonly sizeBytes: number;
  /** True where the data is in the cache now. Never rejects. */
  readonly ended: Promise<boolean>;
  /** Why it is not, once it ended so. */
  failure(): unknown;
  arrivedBytes(): number;
  /** Reads along; undefined once it is over. Refuses what the store refuses to begin with; CacheUnusable where there is no place for what arrives. */
  follow(range?: ByteRange): Promise<StoreReader | undefined>;
  giveUp(): void;
}

/** The cache itself is at fault: data can still be read where it lies. */
export class CacheUnusable extends Error {}

export function startFill(options: FillOptions): Fill {
  const { data, openOrigin, stallMs, key: { storeId } } = options;
  const stop = new AbortController();
  const stall = setTimeout(() => { stop.abort(new Problem('StoreUnavailable', { storeId })); }, stallMs);
  stall.unref();
  let failure: unknown;
  let file: GrowingFile | undefined;
  const opening = openBoth(options).then((both) => {
    file = both.file;
    return both;
  });
  const ended = opening.then((both) => bring(both, options, stop.signal, () => { stall.refresh(); })).then(() => true, async (error: unknown) => {
    failure = error;
    await rm(options.path, { force: true }).catch(() => undefined);
    return false;
  }).finally(async () => {
    clearTimeout(stall);
    await file?.end();
  });
  return {
    sizeBytes: data.sizeBytes, ended,
    failure: () => failure,
    arrivedBytes: () => file?.arrivedBytes() ?? 0,
    async follow(range = { start: 0, end: data.sizeBytes - 1 }) {
      return (await opening).file.reader(range, data.sizeBytes, openOrigin);
    },
    giveUp: () => { stop.abort(new Error('This copy is not wanted any more.')); },
  };
}

interface Both { readonly origin: StoreReader; readonly file: GrowingFile }

async function openBoth({ openOrigin, path }: FillOptions): Promise<Both> {
  const origin = await openOrigin();
  try {
    return { origin, file: await growingFile(path) };
  } catch (error) {
    await origin.close();
    throw new CacheUnusable('The cache takes no new file.', { cause: error });
  }
}

async function bring({ origin, file }: Both, { data, key, keep }: FillOptions, signal: AbortSignal, moved: () => void): Promise<void> {
  const write = async (chunk: Uint8Array): Promise<void> => {
    await file.write(chunk);
    moved();
  };
  const commit = async (): Promise<void> => {
    await file.sync();
    signal.throwIfAborted();
    await keep();
  };
  try {
    const received = await receiveData({ create: async () => ({ write, commit, cancel: async () => {} }) }, key, origin, {
      limitBytes: data.sizeBytes, declaredSizeBytes: data.sizeBytes, signal, ...hashOf(data),
    });
    if (data.checksum !== undefined && data.checksum !== received.checksum) throw new Problem('HashMismatch', { imageId: key.imageId });
    await received.commit();
  } finally {
    await origin.close();
  }
}

/** Only what is what the image says goes into the cache. */
function hashOf({ osHashAlgo, osHashValue }: KnownDataFacts): Pick<ReceiveOptions, 'osHashAlgo' | 'expectedHash'> {
  if (osHashAlgo === undefined || osHashValue === undefined || !isOsHashAlgo(osHashAlgo)) return { osHashAlgo: 'md5' };
  return { osHashAlgo, expectedHash: { algo: osHashAlgo, value: osHashValue } };
}
