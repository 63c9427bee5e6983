import { storedAttempts, type Attempt } from '#libs/domain';

/**
 * Where the bytes of an image lie, in every store alike:
 *
 *   <imageId>/                      one image; more than one attempt may leave bytes until the garbage collection has passed
 *     <attemptId>/                  one transfer, with an id of its own, so that a stalled one never touches another's bytes
 *       <storeId>                   the bytes as they stand in the store of that name
 *
 * The file driver keeps what is still being written under `.incoming/<imageId>.<attemptId>.<storeId>`: the same three
 * names, so that what a killed process left is found again by its key, never by listing and guessing.
 */
export interface DataKey {
  readonly imageId: string;
  readonly attemptId: string;
  readonly storeId: string;
  /** Where the bytes lie, in a store that does not choose it by the rest of the key. */
  readonly uri?: string;
}

/** The keys of those transfers of an image that it refers to; without copies that are known to be bad, as long as others are there. */
export const keysOf = (imageId: string, attempts: readonly Attempt[]): DataKey[] => {
  const stored = storedAttempts({ attempts });
  const sound = stored.filter(({ check }) => check === undefined || check.verdict === 'sound');
  return keysOfAttempts(imageId, sound.length > 0 ? sound : stored);
};

/** The keys of these transfers of an image, all of them. */
export const keysOfAttempts = (imageId: string, attempts: readonly Pick<Attempt, 'attemptId' | 'storeId' | 'uri'>[]): DataKey[] =>
  attempts.map(({ attemptId, storeId, uri }) => ({ imageId, attemptId, storeId, ...(uri === undefined ? {} : { uri }) }));

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const storeName = /^[A-Za-z0-9_-]{1,64}$/;

/** Whether a store may be called so: letters, digits, `_` and `-`, at most 64. */
export const isStoreId = (name: string): boolean => storeName.test(name);

/** The key as a path with `/`. Anything but lower-case uuids and a store's name is a fault of the caller, not of a user:
 *  no user chooses these names, and nothing else may ever become part of a path. */
export function keyOf(key: DataKey): string {
  return partsOf(key).join('/');
}

/** The key as one name, for places that have no folders. Refuses what `keyOf` refuses. */
export function flatKeyOf(key: DataKey): string {
  return partsOf(key).join('.');
}

/** The key that has this name, as `keyOf` or `flatKeyOf` gave it; undefined for any other name. */
export function keyNamed(name: string): DataKey | undefined {
  const [imageId = '', attemptId = '', storeId = '', ...more] = name.split(name.includes('/') ? '/' : '.');
  return more.length === 0 && uuid.test(imageId) && uuid.test(attemptId) && isStoreId(storeId) ? { imageId, attemptId, storeId } : undefined;
}

/** The name of a part of unfinished data. It comes from a client's URL: nothing else may become part of a path. */
export function checkedPart(part: string): string {
  if (!/^[a-z0-9-]{1,36}$/.test(part)) throw new Error(`Not the name of a part: ${JSON.stringify(part)}.`);
  return part;
}

function partsOf({ imageId, attemptId, storeId }: DataKey): [string, string, string] {
  if (!uuid.test(imageId) || !uuid.test(attemptId) || !isStoreId(storeId)) {
    throw new Error(`Not a key of image data: ${JSON.stringify([imageId, attemptId, storeId])}.`);
  }
  return [imageId, attemptId, storeId];
}
