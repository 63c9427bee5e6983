/**
 * The keys that seal personal values in the log, one a person (his user id), 32 random bytes each.
 * They are kept apart from log and read model; with the key gone, what it sealed can never be read again.
 * Drivers: PostgreSQL (schema `guard`), memory.
 */
export interface PersonKeys {
  /** The person's key; made, durably, where he has none. Two callers at the same time get the same key. */
  keyOf(userId: string, options: { readonly create: true }): Promise<Buffer>;
  /** The person's key, undefined where he has none or it was thrown away. */
  find(userId: string): Promise<Buffer | undefined>;
  /** Ends the key for ever. A later `keyOf` makes another one, which opens nothing that was sealed before. */
  throwAway(userId: string): Promise<void>;
}
