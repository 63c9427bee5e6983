import { createHash, randomBytes } from 'node:crypto';
import type { Scope, User } from './directory.js';

/** What a token stands for. No `scope`: unscoped. */
export interface Grant {
  readonly user: User;
  readonly scope?: Scope;
  readonly methods: readonly string[];
  readonly issuedAt: Date;
  readonly expiresAt: Date;
}

/** As Keystone's `allow_expired_window`: so long can a service still have an expired token validated. */
const expiredWindowMs = 48 * 3600 * 1000;
const mostTokens = 100_000;

const digestOf = (token: string): string => createHash('sha256').update(token).digest('base64');

/** Tokens are random and known only by their digest; they end with this process. The oldest go when there are too many. */
export function createTokens() {
  const grants = new Map<string, Grant>();

  return {
    issue(grant: Grant): string {
      const token = randomBytes(32).toString('base64url');
      const [oldest] = grants.keys();
      if (grants.size >= mostTokens && oldest !== undefined) grants.delete(oldest);
      grants.set(digestOf(token), grant);
      return token;
    },
    find(token: string, now: Date, isExpiredAllowed = false): Grant | undefined {
      const grant = grants.get(digestOf(token));
      const untilMs = (grant?.expiresAt.getTime() ?? 0) + (isExpiredAllowed ? expiredWindowMs : 0);
      return now.getTime() < untilMs ? grant : undefined;
    },
    revoke(token: string): void {
      grants.delete(digestOf(token));
    },
  };
}

export type Tokens = ReturnType<typeof createTokens>;
