import { randomUUID } from 'node:crypto';
import type { StoredAnswer, StoredImage, StoredQuestion } from '#libs/contracts';
import { Problem, type DataCheck, type Image, type ImageCommand, type ImageDataFacts } from '#libs/domain';
import { crashPoint, type Leases } from '#libs/event-log';
import { hashData, isOsHashAlgo, receiveData, type DataKey, type OsHashAlgo, type ReceivedData, type Store } from '#libs/stores';
import { holdLease, type HeldLease } from './held-lease.js';
import { pacer, type Pacer } from './paced.js';

/** What became of one copy of an image's data. */
export interface Scrubbed {
  readonly imageId: string;
  readonly storeId: string;
  readonly attemptId: string;
  readonly verdict: DataCheck['verdict'] | 'unreadable';
  readonly detail: string;
  /** What was done about it. `hopeless`: no sound copy is left to heal it from. */
  readonly done: 'nothing' | 'recorded' | 'healed' | 'not healed' | 'hopeless';
  readonly sizeBytes: number;
  readonly error?: unknown;
}

export interface ScrubParts {
  readonly stores: ReadonlyMap<string, Store>;
  readonly leases: Leases;
  readonly leaseMs: number;
  clock(): Date;
  askStored(question: StoredQuestion): Promise<StoredAnswer>;
  /** Sends a command in the service's own name. */
  send(imageId: string, command: ImageCommand): Promise<Image>;
}

export interface ScrubOptions {
  /** What is read and written in a second, all copies together. */
  readonly bytesPerSecond: number;
  /** Copies that were looked at since are passed over: so a pass that was killed goes on where it was. */
  readonly uncheckedSince: Date;
  readonly signal: AbortSignal;
  /** Reads and says what it finds; writes nothing down and heals nothing. */
  readonly isDryRun?: boolean;
  /** Only these images. */
  readonly imageIds?: ReadonlySet<string>;
}

const pageOfImages = 100;

/**
 * One pass over all stored data: reads every copy, compares it with what the log says of it, records the verdict, and replaces a copy that is damaged or
 * missing by one from a store whose copy was read and found sound. The bad copy is given up in the same commit that has the new one, so the last
 * copy is never given up, sound or not. Passes side by side share the work. Yields what it found. Rejects where the catalog cannot be asked, or with the
 * reason of the signal.
 */
export async function* scrubStores(parts: ScrubParts, options: ScrubOptions): AsyncGenerator<Scrubbed, void, undefined> {
  const pace = pacer(options);
  let after: string | undefined;
  for (;;) {
    const { images } = await parts.askStored({ limit: pageOfImages, ...(after === undefined ? {} : { after }) });
    for (const image of images) {
      options.signal.throwIfAborted();
      const isWanted = isHashed(image) && (!options.imageIds || options.imageIds.has(image.imageId));
      if (isWanted && dueCopies(image, parts, options).length > 0) yield* scrubAlone(image, after, parts, options, pace);
      after = image.imageId;
    }
    if (images.length === 0) return;
  }
}

/** Data of which only the place is known cannot be compared with anything. */
type HashedImage = StoredImage & { readonly data: ImageDataFacts };
const isHashed = (image: StoredImage): image is HashedImage => image.data.checksum !== undefined && image.data.osHashAlgo !== undefined && image.data.osHashValue !== undefined;

const oursOf = ({ copies }: StoredImage, { stores }: ScrubParts): readonly Copy[] => copies.filter(({ storeId, uri }) => uri === undefined && stores.has(storeId));

/** What was found wrong and not healed, as by a pass that was killed, is looked at again at once. */
const dueCopies = (image: StoredImage, parts: ScrubParts, { uncheckedSince }: ScrubOptions): readonly Copy[] =>
  oursOf(image, parts).filter(({ check }) => check?.verdict !== 'sound' || new Date(check.at) < uncheckedSince);

/** One pass at a time looks at an image, and at what it is by then. */
async function* scrubAlone({ imageId, copies: [first] }: StoredImage, after: string | undefined, parts: ScrubParts, options: ScrubOptions, pace: Pacer): AsyncGenerator<Scrubbed, void, undefined> {
  const { leases, clock } = parts;
  if (!first || ((await leases.heldUntil(first.attemptId)) ?? clock()) > clock()) return;
  const lease = holdLease({ ...parts, imageId, attemptId: first.attemptId, onLost: () => undefined });
  try {
    await lease.confirm();
    const { images: [image] } = await parts.askStored({ limit: 1, ...(after === undefined ? {} : { after }) });
    if (image?.imageId === imageId && isHashed(image)) yield* scrubImage(image, parts, options, pace);
  } finally {
    await lease.release();
  }
}

/** By its md5 alone is data known whose other hash is one that we do not have. */
const hashedBy = ({ osHashAlgo }: ImageDataFacts): OsHashAlgo => (isOsHashAlgo(osHashAlgo) ? osHashAlgo : 'sha512');

type Copy = StoredImage['copies'][number];
interface Examined { readonly copy: Copy; readonly verdict: Scrubbed['verdict']; readonly detail: string; readonly error?: unknown }

async function* scrubImage(image: HashedImage, parts: ScrubParts, options: ScrubOptions, pace: Pacer): AsyncGenerator<Scrubbed, void, undefined> {
  const ours = oursOf(image, parts);
  const due = dueCopies(image, parts, options);
  const examined: Examined[] = [];
  for (const copy of due) examined.push(await examine(image, copy, parts, options, pace));
  for (const found of examined) {
    const isNews = found.verdict !== 'unreadable' && !options.isDryRun;
    if (!isNews) yield told(image, found, 'nothing');
    else if (await record(image, found, parts)) yield found.verdict === 'sound' ? told(image, found, 'recorded') : await heal(image, found, ours, examined, parts, options, pace);
  }
}

const told = ({ imageId, data }: StoredImage, { copy, verdict, detail, error }: Examined, done: Scrubbed['done']): Scrubbed =>
  ({ imageId, storeId: copy.storeId, attemptId: copy.attemptId, verdict, detail, done, sizeBytes: data.sizeBytes, ...(error === undefined ? {} : { error }) });

const keyOf = ({ imageId }: StoredImage, { attemptId, storeId }: Pick<Copy, 'attemptId' | 'storeId'>): DataKey => ({ imageId, attemptId, storeId });

/** A store that cannot be read now says nothing of the copy. */
async function examine(image: HashedImage, copy: Copy, { stores }: ScrubParts, { signal }: ScrubOptions, pace: Pacer): Promise<Examined> {
  try {
    const wrong = await whatIsWrong(image, copy, storeOf(stores, copy), signal, pace);
    return { copy, verdict: wrong === undefined ? 'sound' : 'damaged', detail: wrong ?? '' };
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof Problem && error.code === 'ImageDataNotFound') return { copy, verdict: 'missing', detail: '' };
    return { copy, verdict: 'unreadable', detail: error instanceof Error ? error.message : String(error), error };
  }
}

function storeOf(stores: ReadonlyMap<string, Store>, { storeId }: Pick<Copy, 'storeId'>): Store {
  const store = stores.get(storeId);
  if (!store) throw new Problem('StoreUnknown', { storeId });
  return store;
}

async function whatIsWrong(image: HashedImage, copy: Copy, store: Store, signal: AbortSignal, pace: Pacer): Promise<string | undefined> {
  const { data } = image;
  const key = keyOf(image, copy);
  const reader = await store.read(key);
  try {
    if (reader.sizeBytes !== data.sizeBytes) return `it has ${reader.sizeBytes} bytes and not ${data.sizeBytes}`;
    const osHashAlgo = hashedBy(data);
    const found = await hashData(key, pace.through(reader), { limitBytes: data.sizeBytes, osHashAlgo, signal });
    if (found.checksum !== data.checksum) return 'its md5 is another one';
    return osHashAlgo === data.osHashAlgo && found.osHashValue !== data.osHashValue ? `its ${osHashAlgo} is another one` : undefined;
  } finally {
    await reader.close();
  }
}

/** False where the image is gone by now. */
async function record({ imageId }: StoredImage, { copy, verdict, detail }: Examined, { send }: ScrubParts): Promise<boolean> {
  try {
    if (verdict !== 'unreadable') await send(imageId, { type: 'RecordDataCheck', attemptId: copy.attemptId, verdict, detail });
    return true;
  } catch (error) {
    if (error instanceof Problem && error.code === 'ImageNotFound') return false;
    throw error;
  }
}

async function heal(image: HashedImage, bad: Examined, ours: readonly Copy[], examined: Examined[], parts: ScrubParts, options: ScrubOptions, pace: Pacer): Promise<Scrubbed> {
  const store = storeOf(parts.stores, bad.copy);
  if (store.isReadOnly) return told(image, bad, 'not healed');
  const good = await soundCopy(image, bad.copy, ours, examined, parts, options, pace);
  if (!good) return told(image, bad, 'hopeless');
  try {
    await replace(image, bad.copy, good, parts, options, pace);
    return told(image, bad, 'healed');
  } catch (error) {
    options.signal.throwIfAborted();
    return { ...told(image, bad, 'not healed'), error };
  }
}

/** One that was found sound in this pass, or is now. */
async function soundCopy(image: HashedImage, bad: Copy, ours: readonly Copy[], examined: Examined[], parts: ScrubParts, options: ScrubOptions, pace: Pacer): Promise<Copy | undefined> {
  for (const copy of ours.filter((each) => each !== bad)) {
    let known = examined.find((each) => each.copy === copy);
    if (!known) examined.push(known = await examine(image, copy, parts, options, pace));
    if (known.verdict === 'sound') return copy;
  }
  return undefined;
}

/** As any transfer: an attempt in the log, the bytes, the store's commit, and the log again; whatever fails, the attempt is over and its bytes go. */
async function replace(image: HashedImage, bad: Copy, good: Copy, parts: ScrubParts, { signal }: ScrubOptions, pace: Pacer): Promise<void> {
  const attemptId = randomUUID();
  const { imageId, data } = image;
  const lost = new AbortController();
  const lease = holdLease({ ...parts, imageId, attemptId, onLost: (reason) => { lost.abort(reason); } });
  const store = storeOf(parts.stores, bad);
  try {
    await lease.confirm();
    await parts.send(imageId, { type: 'StartDataHealing', attemptId, heals: bad.attemptId });
    const received = await copied(image, good, store, { ...keyOf(image, bad), attemptId }, parts, AbortSignal.any([signal, lost.signal]), pace);
    await commitHeld(received, lease);
    await parts.send(imageId, { type: 'CompleteDataHealing', attemptId, ...data });
  } catch (error) {
    await parts.send(imageId, { type: 'FailDataHealing', attemptId }).catch(() => undefined);
    throw error;
  } finally {
    await lease.release();
  }
}

async function copied(image: HashedImage, good: Copy, store: Store, key: DataKey, { stores }: ScrubParts, signal: AbortSignal, pace: Pacer): Promise<ReceivedData> {
  const { sizeBytes, checksum } = image.data;
  const reader = await storeOf(stores, good).read(keyOf(image, good));
  try {
    return await receiveData(store, key, pace.through(reader), {
      limitBytes: sizeBytes, declaredSizeBytes: sizeBytes, osHashAlgo: hashedBy(image.data), expectedHash: { algo: 'md5', value: checksum }, signal,
    });
  } finally {
    await reader.close();
  }
}

async function commitHeld(received: ReceivedData, lease: HeldLease): Promise<void> {
  try {
    await lease.confirm();
    await received.commit();
    crashPoint('after-store-commit');
  } catch (error) {
    await received.cancel();
    throw error;
  }
}
