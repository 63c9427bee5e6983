import { Problem } from '#libs/domain';
import type { DataKey } from './layout.js';
import type { ByteRange, StoreReader } from './store.js';
import type { Stores } from './stores.js';

/** Opens one of several copies: in the stores that the caller prefers, then by weight, and in the next store where one is away or has
 *  lost its copy. Refuses: what the first choice refused, when none can be opened; StoreUnavailable where no store of theirs is enabled here.
 *  Source: api-ref "Download binary image data", parameter `prefer`; glance: weight. */
export async function readPreferred(stores: Stores, copies: readonly DataKey[], { range, prefer = [] }: ReadPreference = {}): Promise<StoreReader> {
  let first: Problem | undefined;
  for (const key of inOrder(copies, [...prefer, ...stores.byWeight().map(({ id }) => id)])) {
    try {
      return await stores.get(key.storeId).read(key, range);
    } catch (error) {
      const refusal = refusalOfOneStore(error);
      first ??= refusal;
    }
  }
  throw first ?? new Problem('StoreUnavailable', { storeId: copies[0]?.storeId ?? '' });
}

export interface ReadPreference {
  readonly range?: ByteRange | undefined;
  /** Names of stores, the dearest first. */
  readonly prefer?: readonly string[];
}

const inOrder = (copies: readonly DataKey[], storeIds: readonly string[]): DataKey[] =>
  [...new Set(storeIds)].flatMap((storeId) => copies.filter((copy) => copy.storeId === storeId));

/** Anything else is true of every copy and is thrown on. */
function refusalOfOneStore(error: unknown): Problem {
  if (error instanceof Problem && mayLieElsewhere.includes(error.code)) return error;
  throw error;
}

/** `StoreUnknown`: a copy in a store that another gateway has and this one does not. */
const mayLieElsewhere: readonly Problem['code'][] = ['ImageDataNotFound', 'StoreUnavailable', 'StoreUnknown'];
