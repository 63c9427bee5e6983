import { createCipheriv, createDecipheriv, createSecretKey, randomBytes, type KeyObject } from 'node:crypto';
import type { CommandContext, PersonKeys } from '#libs/contracts';

export type PersonalValues = NonNullable<CommandContext['personal']>;

/** Whose values they are and in which commit they stand: both are bound into the seal, so that it opens nowhere else. */
export interface SealedPlace { readonly userId: string; readonly commitId: string }

export interface Sealer {
  /** base64url of nonce, ciphertext and tag. */
  seal(personal: PersonalValues, place: SealedPlace): Promise<string>;
  /** The values; undefined where the person's key is gone, or they were sealed with an earlier key or for another place. */
  unseal(sealed: string, place: SealedPlace): Promise<PersonalValues | undefined>;
}

const algorithm = 'aes-256-gcm';
const nonceBytes = 12;
const tagBytes = 16;

/** Seals personal values with AES-256-GCM and one key a person. The names in the sealed JSON are those of `PersonalValues` in commit.proto. */
export function createSealer(keys: PersonKeys): Sealer {
  /** Who sends many commands seals with the same key each time; making it ready takes longer than sealing. */
  const ready = new WeakMap<Buffer, KeyObject>();
  const keyFrom = (bytes: Buffer): KeyObject => {
    const key = ready.get(bytes) ?? createSecretKey(bytes);
    ready.set(bytes, key);
    return key;
  };
  return {
    async seal({ sourceAddress, userName }, place) {
      const nonce = randomBytes(nonceBytes);
      const cipher = createCipheriv(algorithm, keyFrom(await keys.keyOf(place.userId, { create: true })), nonce, { authTagLength: tagBytes });
      cipher.setAAD(aadOf(place));
      const text = JSON.stringify({ sourceaddress: sourceAddress, username: userName });
      return Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]).toString('base64url');
    },

    async unseal(sealed, place) {
      const key = await keys.find(place.userId);
      const bytes = Buffer.from(sealed, 'base64url');
      if (!key || bytes.byteLength < nonceBytes + tagBytes) return undefined;
      const decipher = createDecipheriv(algorithm, key, bytes.subarray(0, nonceBytes), { authTagLength: tagBytes });
      decipher.setAAD(aadOf(place));
      decipher.setAuthTag(bytes.subarray(bytes.byteLength - tagBytes));
      try {
        const text = Buffer.concat([decipher.update(bytes.subarray(nonceBytes, -tagBytes)), decipher.final()]).toString('utf8');
        const { sourceaddress, username } = JSON.parse(text) as { sourceaddress?: string; username?: string };
        return { ...(sourceaddress === undefined ? {} : { sourceAddress: sourceaddress }), ...(username === undefined ? {} : { userName: username }) };
      } catch {
        return undefined;
      }
    },
  };
}

/** JSON, because ids joined by a character could be split in two ways. */
const aadOf = ({ userId, commitId }: SealedPlace): Buffer => Buffer.from(JSON.stringify([commitId, userId]));

/** Keys in the memory of this process: for tests. */
export function memoryPersonKeys(): PersonKeys {
  const keys = new Map<string, Buffer>();
  return {
    keyOf: (userId) => {
      const key = keys.get(userId) ?? randomBytes(32);
      keys.set(userId, key);
      return Promise.resolve(key);
    },
    find: (userId) => Promise.resolve(keys.get(userId)),
    throwAway: (userId) => {
      keys.delete(userId);
      return Promise.resolve();
    },
  };
}
