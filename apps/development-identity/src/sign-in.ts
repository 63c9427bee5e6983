import { createHash, timingSafeEqual } from 'node:crypto';
import { domain, projects, rolesOf, users, type Scope, type User } from './directory.js';
import { Refusal, unauthorized } from './refusal.js';
import type { Grant, Tokens } from './tokens.js';

interface Reference { readonly id?: string; readonly name?: string; readonly domain?: Reference }

/** The body of `POST /v3/auth/tokens`; whatever is missing or of another shape leads to 400 or 401. */
interface SignIn {
  readonly identity?: {
    readonly methods?: readonly string[];
    readonly password?: { readonly user?: Reference & { readonly password?: unknown } };
    readonly token?: { readonly id?: unknown };
  };
  readonly scope?: 'unscoped' | { readonly project?: Reference; readonly domain?: Reference; readonly system?: { readonly all?: boolean } };
}

export type Granted = Omit<Grant, 'issuedAt'>;

const lifetimeMs = 24 * 3600 * 1000;

/**
 * Who signs in, and for what. Methods: password, and token (to change the scope; it lives no longer than the token it came from).
 * Source: Identity API v3, "Password authentication with …" and "Token authentication with …".
 */
export function signIn(body: unknown, password: string, tokens: Tokens, now: Date): Granted {
  const { identity, scope } = (body as { auth?: SignIn } | null | undefined)?.auth ?? {};
  const who = known(identity, password, tokens, now);
  const where = scopeOf(scope);
  if (where !== undefined && rolesOf(who.user, where).length === 0) throw unauthorized();
  return { ...who, ...(where === undefined ? {} : { scope: where }) };
}

function known(identity: SignIn['identity'], password: string, tokens: Tokens, now: Date): Known {
  const method = identity?.methods?.[0];
  if (identity && method === 'password') return byPassword(identity, password, now);
  if (identity && method === 'token') return byToken(identity, tokens, now);
  throw new Refusal(400, 'Expecting auth.identity with one of the methods password and token.');
}

type Known = Pick<Granted, 'user' | 'methods' | 'expiresAt'>;

function byPassword({ password: given }: NonNullable<SignIn['identity']>, password: string, now: Date): Known {
  const user = found(users, given?.user);
  // Compared also for a user who is not there, so that the time it takes does not tell.
  const isRight = isSameSecret(given?.user?.password, password);
  if (!user || !isRight) throw unauthorized();
  return { user, methods: ['password'], expiresAt: new Date(now.getTime() + lifetimeMs) };
}

function byToken({ token }: NonNullable<SignIn['identity']>, tokens: Tokens, now: Date): Known {
  const grant = typeof token?.id === 'string' ? tokens.find(token.id, now) : undefined;
  if (!grant) throw unauthorized();
  return { user: grant.user, methods: [...new Set(['token', ...grant.methods])], expiresAt: grant.expiresAt };
}

function scopeOf(scope: SignIn['scope']): Scope | undefined {
  if (scope === undefined || scope === 'unscoped') return undefined;
  if (scope.system?.all) return 'system';
  if (scope.domain && isOurDomain(scope.domain)) return 'domain';
  const project = found(projects, scope.project);
  if (!project) throw unauthorized();
  return { project };
}

/** By id, or by name within the one domain there is. */
function found<Thing extends User>(things: readonly Thing[], reference: Reference | undefined): Thing | undefined {
  if (reference?.id !== undefined) return things.find(({ id }) => id === reference.id);
  return reference?.domain && isOurDomain(reference.domain) ? things.find(({ name }) => name === reference.name) : undefined;
}

const isOurDomain = ({ id, name }: Reference): boolean =>
  id === undefined ? name?.toLowerCase() === domain.name.toLowerCase() : id === domain.id;

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
const isSameSecret = (given: unknown, expected: string): boolean =>
  timingSafeEqual(digest(typeof given === 'string' ? given : ''), digest(expected)) && typeof given === 'string';
