import { Problem, type DataInspection, type DataPreparation, type Image, type ImageDataFacts, type ImportInProgress } from '#libs/domain';
import { isOsHashAlgo, receiveData, writerToNowhere, type DataKey, type OsHashAlgo, type ReceivedData, type ReceiveOptions, type Store } from '#libs/stores';
import { acceptInspected, isRefusedForData, progressMeter, reservedRoom, watchData, type DataWatch, type FormatClaim, type ProgressMeter } from '#libs/transfers';
import type { Target } from './export-store.js';
import type { ImportParts } from './import-parts.js';
import { importSignature, isToBeChecked } from './import-signature.js';
import { prepare, type PluginContext, type Prepared } from './plugins/prepare.js';
import type { ImageUnderImport, Source, SourceContext } from './sources.js';

export interface Brought {
  readonly facts: ImageDataFacts;
  /** What the bytes are, where they came from outside. */
  readonly inspection?: DataInspection;
  /** The formats that they were accepted as, where they were judged. */
  readonly acceptedAs?: FormatClaim;
  /** What was done to them on their way, in order. */
  readonly prepared?: readonly DataPreparation[];
  /** Takes the bytes out of the store again, where they turned out not to be wanted. Never rejects: what stays is found as bytes of an attempt that is over. */
  remove(): Promise<void>;
}

/** Brings the data of an import into one store, durable. What comes from outside is looked at on its way.
 *  Refuses: DataFormatMismatch, DataUnsafe, SignatureNotVerified, what source and store refuse, StoreUnavailable where nothing moved for too long. */
export async function bringToStore(asked: ImageUnderImport, key: DataKey, parts: ImportParts, context: SourceContext): Promise<Brought> {
  const store = targetOf(asked, key, parts, context);
  let claim = claimOf(asked);
  // What comes from another region is what it was there.
  const describe: SourceContext['describe'] = async (source) => {
    await context.describe(source);
    claim = source;
  };
  const source = await parts.openSource(asked, { ...context, describe });
  const stalled = stallLimit(key.storeId, parts.idleMs);
  if (source.hasOwnLimits) stalled.end();
  const progress = meterOf(asked, key, source, parts);
  const onProgress = (bytes: number): void => {
    if (!source.hasOwnLimits) stalled.moved();
    progress.moved(bytes);
  };
  const limits = { signal: AbortSignal.any([context.signal, stalled.signal]), onProgress, progress };
  const room = parts.work.open(key);
  try {
    const prepared = await preparedFor(asked, claim, source, parts, {
      ...context, ...limits, imageId: asked.imageId, importId: asked.importing.importId, room, limitBytes: parts.limitBytes(asked.importing.method, asked.image.owner), osHashAlgo: parts.osHashAlgo,
      alive: () => { if (!source.hasOwnLimits) stalled.moved(); },
    });
    await reserveDeclared(asked, key, prepared, parts);
    const brought = await takeOver(asked, store, key, prepared, parts, limits) ?? await receive(asked, prepared, store, key, parts, { ...limits, recordInspection: context.recordInspection });
    progress.end('succeeded');
    const { done } = prepared;
    return { ...brought, ...(brought.acceptedAs ? { acceptedAs: formatsOf(claim) } : {}), ...(done.length > 0 ? { prepared: done } : {}), remove: () => store.remove(key).catch(() => undefined) };
  } finally {
    stalled.end();
    progress.end('failed');
    await source.close();
    await room.close();
  }
}

/** What nobody said of data that is yet to become an image is found out from it. */
const claimOf = ({ image: { diskFormat, containerFormat, arriving }, importing: { method, convertTo } }: ImageUnderImport): FormatClaim =>
  // What goes out as it is was accepted when it came.
  method === 'export-image' && convertTo === undefined ? { diskFormat: null, containerFormat: null } : ({ diskFormat, containerFormat, ...(arriving && diskFormat === null && containerFormat === 'bare' ? { isFound: true } : {}) });

/** What comes from outside goes through the operator's plugins; a copy does not, nor does what stays where it is. Source: API.md section 23. */
async function preparedFor({ image, importing }: ImageUnderImport, claim: FormatClaim, { bytes, declaredSizeBytes, expectedHash, stored }: Source, { plugins, conversionTo }: ImportParts, context: PluginContext): Promise<Prepared> {
  // What was announced is announced of the bytes as they come; a copy of what became of them is compared with the image's own hashes.
  const expected = expectedHash ?? (image.data ? undefined : requestedHash(importing) ?? stagedHash(image, importing));
  const source: Prepared = {
    bytes, claim, done: [], ...(declaredSizeBytes === undefined ? {} : { declaredSizeBytes }), ...(expected ? { expectedHash: expected } : {}), ...(stored ? { stored } : {}),
  };
  return image.data || importing.method === 'location-import' ? source : prepare(importing.convertTo === undefined ? plugins : [conversionTo(importing.convertTo)], source, context);
}

/** Where the bytes go: into one of our stores, nowhere, or out. */
function targetOf(asked: ImageUnderImport, { storeId }: DataKey, { stores, exportTarget }: ImportParts, { signal }: SourceContext): Target {
  if (asked.importing.method === 'export-image') return exportTarget(asked, signal);
  return asked.importing.method === 'location-import' ? unwritten(stores.get(storeId)) : stores.get(storeId);
}

/** The bytes of a location stay where they are: they are read once, to know their size and hashes. */
const unwritten = (store: Store): Store => ({ ...store, create: async () => Promise.resolve(writerToNowhere) });

const meterOf = ({ imageId, importing: { importId, method } }: ImageUnderImport, { attemptId, storeId }: DataKey, { stored, declaredSizeBytes }: Source, { tellProgress, clock }: ImportParts): ProgressMeter =>
  progressMeter(tellProgress, clock, imageId, {
    attemptId, storeId, importId, action: method === 'export-image' ? 'export' : stored ? 'copy' : 'import', ...(declaredSizeBytes === undefined ? {} : { totalBytes: declaredSizeBytes }),
  });

interface Limits { readonly signal: AbortSignal; readonly progress: ProgressMeter; onProgress(bytes: number): void }

const reserved = ({ importing: { importId } }: ImageUnderImport, { storeId }: DataKey) => ({ importId, storeId, resource: 'sizeBytes' }) as const;

/** What the source announces is reserved before a byte of it is taken. Refuses: ImageTooLarge, LimitReached. */
async function reserveDeclared(asked: ImageUnderImport, key: DataKey, { declaredSizeBytes }: Pick<Source, 'declaredSizeBytes'>, parts: ImportParts): Promise<void> {
  if (declaredSizeBytes === undefined) return;
  const limitBytes = parts.limitBytes(asked.importing.method, asked.image.owner);
  if (declaredSizeBytes > limitBytes) throw new Problem('ImageTooLarge', { limitBytes });
  await parts.askRoom({ ...reserved(asked, key), needBytes: declaredSizeBytes, isUnannounced: false });
}

/** Where the store can take another's data without the bytes passing through here; what is known of them stays true. Refuses: HashMismatch, DataFormatMismatch, DataUnsafe. */
async function takeOver(asked: ImageUnderImport, store: Target, key: DataKey, { stored, onlyFormats }: Prepared, parts: ImportParts, limits: Limits): Promise<Taken | undefined> {
  if (!stored || !mayBeTaken(asked, stored.facts)) return undefined;
  const gained = gainedBefore(asked, stored.key, stored.facts, parts);
  if (!gained) return undefined;
  refuseOtherFormats(asked.imageId, gained.inspection, onlyFormats);
  const linked = stored.isGivenUp ? await store.linkFrom?.(stored.store, stored.key, key) : undefined;
  const writer = linked ?? await store.copyFrom?.(stored.store, stored.key, key, limits);
  await writer?.commit();
  return writer && { ...gained, facts: { ...stored.facts, ...gained.facts } };
}

/** Bytes whose signature has to be checked have to be read. */
const mayBeTaken = (asked: ImageUnderImport, facts: ImageDataFacts): boolean => !isToBeChecked(asked) && isKnownGood(asked, facts);

/** Whether known hashes are those that were announced. What was announced in another algorithm has to be computed, and so the bytes have to be read. */
function isKnownGood({ imageId, image, importing: { expectedHashAlgo: algo, expectedHashValue: value } }: ImageUnderImport, { checksum, osHashAlgo, osHashValue }: ImageDataFacts): boolean {
  if (algo === undefined || image.data) return true;
  const known: Partial<Record<string, string>> = { md5: checksum, [osHashAlgo]: osHashValue };
  if (known[algo] !== undefined && known[algo] !== value) throw new Problem('HashMismatch', { imageId });
  return known[algo] !== undefined;
}

type Taken = Omit<Brought, 'remove'>;
const formatsOf = ({ diskFormat, containerFormat }: FormatClaim): FormatClaim => ({ diskFormat, containerFormat });

/** What is an image's data already was accepted once. What was staged has been looked at, and is judged now; undefined where it was not. */
function gainedBefore({ imageId, image }: ImageUnderImport, from: DataKey, { sizeBytes }: ImageDataFacts, { formats }: ImportParts): Omit<Taken, 'facts'> & { facts: Partial<ImageDataFacts> } | undefined {
  if (image.data || image.containerFormat !== 'bare') return { facts: {} };
  const inspection = image.attempts.find(({ attemptId }) => attemptId === from.attemptId)?.inspection;
  return inspection && { facts: acceptInspected(formats, imageId, image, sizeBytes, inspection), inspection, acceptedAs: formatsOf(image) };
}

async function receive(asked: ImageUnderImport, { claim, bytes, declaredSizeBytes, expectedHash, onlyFormats }: Prepared, store: Target, key: DataKey, { osHashAlgo, limitBytes, formats, askRoom }: ImportParts, limits: Limits & Pick<SourceContext, 'recordInspection'>): Promise<Taken> {
  const { imageId, image, importing } = asked;
  const { data } = image;
  // A copy of what was accepted is not judged again: rules may have changed, its image has not.
  const watch = watchData({ formats, imageId, image, claim: data ? { diskFormat: null, containerFormat: null } : claim, openSignature: importSignature(asked) });
  const checked = await opened(watch, limits);
  const received = await receiveData(store, key, bytes, {
    ...limits, ...checked, hasRoom: reservedRoom(askRoom, reserved(asked, key), declaredSizeBytes), onBytes: watch.onBytes, limitBytes: limitBytes(importing.method, image.owner), osHashAlgo: givenAlgo(image, importing) ?? osHashAlgo, ...(expectedHash ? { expectedHash } : {}),
    ...(declaredSizeBytes === undefined ? {} : { declaredSizeBytes }),
  });
  limits.progress.step('storing');
  const gained = await accept(imageId, watch, received, onlyFormats, limits);
  await received.commit();
  const { sizeBytes, checksum, osHashAlgo: algo, osHashValue } = received;
  const virtual = data?.virtualSizeBytes === undefined ? gained : { virtualSizeBytes: data.virtualSizeBytes };
  return { facts: { sizeBytes, ...virtual, checksum, osHashAlgo: algo, osHashValue }, ...watch.found(), ...(data ? {} : { acceptedAs: formatsOf(claim) }) };
}

/** Where the signature cannot be checked, that is written down before a byte was read. */
async function opened(watch: DataWatch, limits: Pick<SourceContext, 'recordInspection'>): ReturnType<DataWatch['open']> {
  try {
    return await watch.open();
  } catch (error) {
    await recordRefusal(watch, error, limits);
    throw error;
  }
}

/** What the image gains from the bytes; where they are refused for what they are, that is written down. */
async function accept(imageId: string, watch: DataWatch, received: ReceivedData, onlyFormats: Prepared['onlyFormats'], limits: Pick<SourceContext, 'recordInspection'>): Promise<{ virtualSizeBytes?: number }> {
  try {
    const gained = watch.accept(received);
    refuseOtherFormats(imageId, watch.found().inspection, onlyFormats);
    return gained;
  } catch (error) {
    await received.cancel();
    await recordRefusal(watch, error, limits);
    throw error;
  }
}

async function recordRefusal(watch: DataWatch, error: unknown, { recordInspection }: Pick<SourceContext, 'recordInspection'>): Promise<void> {
  const { inspection } = isRefusedForData(error) ? watch.found() : {};
  // Why the data is refused matters more than that it could not be written down.
  if (inspection) await recordInspection(inspection).catch(() => undefined);
}

/** A raw disk may hold anything, except where a plugin is to make sure that it is one. */
function refuseOtherFormats(imageId: string, inspection: DataInspection | undefined, onlyFormats: Prepared['onlyFormats']): void {
  if (!inspection || !onlyFormats || onlyFormats.includes(inspection.format ?? '')) return;
  throw new Problem('DataFormatMismatch', { imageId, detail: `it is to be ${onlyFormats[0] ?? ''}, but its data is ${inspection.format ?? 'several formats at once'}` });
}

type ExpectedHash = NonNullable<ReceiveOptions['expectedHash']>;

function requestedHash({ expectedHashAlgo: algo, expectedHashValue: value }: ImportInProgress): ExpectedHash | undefined {
  return algo !== undefined && value !== undefined && isOsHashAlgo(algo) ? { algo, value } : undefined;
}

const stagedHash = ({ staged }: Image, { method }: ImportInProgress): ExpectedHash | undefined =>
  method === 'glance-direct' && staged && isOsHashAlgo(staged.osHashAlgo) ? { algo: staged.osHashAlgo, value: staged.osHashValue } : undefined;

/**
 * A copy is hashed as its original was, whatever the operator chose since: so they can be compared, and nothing about the image changes.
 * A location keeps the hash that came with it. Source: api-ref "Add location", validation_data.
 */
const givenAlgo = ({ data, staged }: Image, { method, expectedHashAlgo }: ImportInProgress): OsHashAlgo | undefined =>
  sameAlgo((data ?? staged)?.osHashAlgo) ?? (method === 'location-import' ? sameAlgo(expectedHashAlgo) : undefined);

const sameAlgo = (name: string | undefined): OsHashAlgo | undefined => (name !== undefined && isOsHashAlgo(name) ? name : undefined);

/** Ends a transfer on which nothing moves: a store that hangs must not leave an image in importing for ever. */
function stallLimit(storeId: string, idleMs: number) {
  const controller = new AbortController();
  const timer = setTimeout(() => { controller.abort(new Problem('StoreUnavailable', { storeId })); }, idleMs);
  timer.unref();
  return { signal: controller.signal, moved: () => { timer.refresh(); }, end: () => { clearTimeout(timer); } };
}
