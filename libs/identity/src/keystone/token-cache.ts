import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Caller } from '../caller.js';

const mostCallers = 10_000;
const mostRefused = 50_000;
const mostCatalogs = 500;

/** Keys are digests: who reads this process's memory finds no token here. */
export const digestOf = (token: string): string => hash('sha256', token, 'base64');

/**
 * What Keystone said of a token, remembered for `keepMs` and never past the token's own end; refusals for `refusedMs`.
 * Refusals live apart, so that a flood of bad tokens does not push the good ones out. Equal catalogues are held once.
 */
export function createTokenCache({ keepMs, refusedMs, nowMs }: { keepMs: number; refusedMs: number; nowMs: () => number }) {
  const callers = new LRUCache<string, { readonly caller: Caller; readonly untilMs: number }>({ max: mostCallers });
  const refused = new LRUCache<string, number>({ max: mostRefused });
  const catalogs = new LRUCache<string, Caller['catalog']>({ max: mostCatalogs });

  function withSharedCatalog(caller: Caller): Caller {
    const key = hash('sha256', JSON.stringify(caller.catalog), 'base64');
    const shared = catalogs.get(key) ?? caller.catalog;
    catalogs.set(key, shared);
    return { ...caller, catalog: shared };
  }

  return {
    /** The caller, 'refused', or undefined when Keystone has to be asked. */
    get(key: string): Caller | 'refused' | undefined {
      const entry = callers.get(key);
      if (entry && nowMs() < entry.untilMs) return entry.caller;
      return (refused.get(key) ?? 0) > nowMs() ? 'refused' : undefined;
    },
    /** `evenExpired`: the token may be past its end, because a service vouches for it. */
    accept(key: string, given: Caller, evenExpired: boolean): Caller {
      const caller = withSharedCatalog(given);
      const keepUntilMs = nowMs() + keepMs;
      callers.set(key, { caller, untilMs: evenExpired ? keepUntilMs : Math.min(keepUntilMs, caller.expiresAt.getTime()) });
      return caller;
    },
    refuse(key: string): void {
      callers.delete(key);
      refused.set(key, nowMs() + refusedMs);
    },
  };
}
