import { Problem, type DataInspection, type Image, type ImageDataFacts, type ImageState, type ImportHop, type ImportInProgress, type ImportMethod, type KnownDataFacts, type DataVerification } from '#libs/domain';
import { isOsHashAlgo, keysOf, type ByteSource, type DataKey, type OsHashAlgo, type Store, type Stores } from '#libs/stores';

/** Where the bytes of an import come from, opened. */
export interface Source {
  readonly bytes: ByteSource;
  /** How many there must be. */
  readonly declaredSizeBytes?: number;
  /** What they must hash to, where their source says so. */
  readonly expectedHash?: { readonly algo: OsHashAlgo; readonly value: string };
  /** Set where they lie, hashed, in a store at hand: another one may be able to take them over by itself. */
  readonly stored?: {
    readonly store: Store;
    readonly key: DataKey;
    readonly facts: ImageDataFacts;
    /** Whether they are given up there once they are here: then they need not be there twice. */
    readonly isGivenUp?: true;
  };
  /** Whether it ends by itself what comes too slowly, or not at all. */
  readonly hasOwnLimits?: true;
  /** May be called more than once. */
  close(): Promise<void>;
}

export interface ImageUnderImport { readonly imageId: string; readonly image: Image; readonly importing: ImportInProgress }
export interface SourceContext {
  /** Ends it, opened or not. */
  readonly signal: AbortSignal;
  /** Puts the way to the bytes into the history. */
  recordHops(hops: readonly ImportHop[]): Promise<void>;
  /** Gives the image the formats and properties of its source. Refuses: ImportOver, TooManyProperties. */
  describe(source: SourceDescription): Promise<void>;
  /** Puts what the bytes are into the history, where they are refused for it. */
  recordInspection(inspection: DataInspection): Promise<void>;
  /** Puts into the history that the operator's verification refused the bytes. */
  recordVerification(verification: DataVerification): Promise<void>;
}
export interface SourceDescription { readonly diskFormat: string; readonly containerFormat: string; readonly properties: Readonly<Record<string, string>> }
/** Refuses where the bytes cannot be had. */
export type OpenSource = (asked: ImageUnderImport, context: SourceContext) => Promise<Source>;
/** How each method gets at its bytes. A method that is not here gets none. */
export type SourceTable = Readonly<Partial<Record<ImportMethod, OpenSource>>>;

/**
 * Opens what an import reads: data that one store has already goes on to the others from there, whatever the method was; only the first store
 * is filled from the method's own source. Refuses: what source and stores refuse, ImageDataNotFound where no store of ours has the data.
 */
export const sourcesOf = (stores: Stores, methods: SourceTable): OpenSource => async (asked, context) => {
  const { imageId, image, importing } = asked;
  const held = keysOf(imageId, image.attempts);
  if (image.data && held.length > 0) return fromAStore(stores, held, image.data);
  const open = methods[importing.method];
  if (!open) throw new Problem('ImageDataNotFound', { imageId, storeId: 'any' });
  return open(asked, context);
};

/** convert-image: the data of another image of this region, whatever it is converted to. Refuses: SourceImageGone, and what its stores refuse. */
export const imageSource = ({ stores, imageFromLeader }: { readonly stores: Stores; imageFromLeader(imageId: string): Promise<ImageState> }): OpenSource => async ({ importing: { sourceImageId = '' } }) => {
  const image = await imageFromLeader(sourceImageId);
  if (!image.exists || image.status !== 'active' || !image.data) throw new Problem('SourceImageGone', { imageId: sourceImageId });
  const { stored: _, ...source } = await fromAStore(stores, keysOf(sourceImageId, image.attempts), image.data);
  const { osHashAlgo: algo = '', osHashValue: value } = image.data;
  return { ...source, ...(isOsHashAlgo(algo) && value !== undefined ? { expectedHash: { algo, value } } : {}) };
};

/** Whether a store has the data already, so that the others can take it from there side by side. */
export const isHeld = ({ image }: Pick<ImageUnderImport, 'image'>): boolean => image.attempts.some(({ state }) => state === 'stored');

/** The dearest copy that can be read. Refuses what the dearest refuses, where none can. */
async function fromAStore(stores: Stores, copies: readonly DataKey[], facts: KnownDataFacts): Promise<Source> {
  let refusal: Problem | undefined;
  for (const store of stores.byWeight()) {
    const key = copies.find(({ storeId }) => storeId === store.id);
    if (!key) continue;
    try {
      const reader = await store.read(key);
      return { bytes: reader, declaredSizeBytes: facts.sizeBytes, ...(isHashed(facts) ? { stored: { store, key, facts } } : {}), close: () => reader.close() };
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      refusal ??= error;
    }
  }
  throw refusal ?? new Problem('ImageDataNotFound', { imageId: copies[0]?.imageId ?? '', storeId: copies.map(({ storeId }) => storeId).join(', ') });
}

/** Of data that was only said to lie somewhere the hashes may not be known: then the bytes have to be read. */
const isHashed = (facts: KnownDataFacts): facts is ImageDataFacts => facts.checksum !== undefined && facts.osHashAlgo !== undefined && facts.osHashValue !== undefined;
