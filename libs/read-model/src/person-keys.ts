import { randomBytes } from 'node:crypto';
import type { PersonKeys } from '#libs/contracts';
import { LRUCache } from 'lru-cache';
import type { Pool } from 'pg';
import { reachable } from './database.js';
import { inTransaction } from './in-transaction.js';

const keyBytes = 32;
const cachedKeys = 10_000;
const cachedForMs = 3_000;

/** Keys of persons in schema `guard`, which no rebuild touches. A key thrown away elsewhere is forgotten here within seconds. */
export function postgresPersonKeys(pool: Pool): PersonKeys {
  const cache = new LRUCache<string, Buffer>({ max: cachedKeys, ttl: cachedForMs });
  const remember = (userId: string, key: Buffer | undefined): Buffer | undefined => {
    if (key) cache.set(userId, key);
    return key;
  };
  const find = async (userId: string): Promise<Buffer | undefined> =>
    cache.get(userId) ?? remember(userId, await reachable(() => select(pool, userId)));
  return {
    find,
    async keyOf(userId) {
      const key = await find(userId) ?? remember(userId, await reachable(() => make(pool, userId)));
      if (!key) throw new Error('the key of a person was thrown away while it was made');
      return key;
    },
    async throwAway(userId) {
      cache.delete(userId);
      await reachable(() => pool.query('delete from guard.person_keys where user_id = $1', [userId]));
      cache.delete(userId);
    },
  };
}

async function select(pool: Pool, userId: string): Promise<Buffer | undefined> {
  const { rows: [row] } = await pool.query<{ key: Buffer }>('select key from guard.person_keys where user_id = $1', [userId]);
  return row?.key;
}

/** Durable whatever the pool's setting is: what is sealed with a key that a crash takes away could never be opened. */
async function make(pool: Pool, userId: string): Promise<Buffer | undefined> {
  await inTransaction(pool, async (client) => {
    await client.query('set local synchronous_commit = on');
    await client.query('insert into guard.person_keys (user_id, key, created_at) values ($1, $2, now()) on conflict do nothing', [userId, randomBytes(keyBytes)]);
  });
  return select(pool, userId);
}
