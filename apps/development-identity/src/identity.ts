import { createHash } from 'node:crypto';
import type { Catalogue } from './catalogue.js';
import { domain, rolesOf } from './directory.js';
import type { Limits } from './limits.js';
import { Refusal, unauthorized } from './refusal.js';
import type { Grant, Tokens } from './tokens.js';

/** Everything the controllers share. */
export interface DevelopmentIdentity {
  readonly tokens: Tokens;
  readonly password: string;
  readonly now: () => Date;
  readonly limits: Limits;
  /** Known once it listens, since the port may be chosen by the system. */
  catalogue(): Catalogue;
  identityUrl(): string;
}

export const IDENTITY = Symbol('development identity');

export interface RequestHeaders { readonly 'x-auth-token'?: string; readonly 'x-subject-token'?: string }

/** Who asks. Refuses: 401. */
export function grantOf({ tokens, now }: DevelopmentIdentity, headers: RequestHeaders): Grant {
  const token = headers['x-auth-token'];
  const grant = token === undefined ? undefined : tokens.find(token, now());
  if (!grant) throw unauthorized();
  return grant;
}

export const hasRole = ({ user, scope }: Grant, ...names: readonly string[]): boolean =>
  scope !== undefined && rolesOf(user, scope).some(({ name }) => names.includes(name));

export function needAdmin(grant: Grant): void {
  if (!hasRole(grant, 'admin')) throw new Refusal(403, 'You are not authorized to perform the requested action; it needs the role admin.');
}

const ownDomain = { id: domain.id, name: domain.name };

/** The `token` object of the Identity API; the catalogue only where the token has a scope. */
export function tokenBody({ user, scope, methods, issuedAt, expiresAt }: Grant, catalogue: Catalogue) {
  return {
    methods,
    user: { ...user, domain: ownDomain, password_expires_at: null },
    audit_ids: [createHash('sha256').update(`${user.id} ${issuedAt.getTime()}`).digest('base64url').slice(0, 22)],
    issued_at: micros(issuedAt), expires_at: micros(expiresAt),
    ...(scope === undefined ? {} : { ...scopeBody(scope), roles: rolesOf(user, scope), catalog: catalogue.entries }),
  };
}

function scopeBody(scope: NonNullable<Grant['scope']>) {
  if (scope === 'system') return { system: { all: true } };
  return scope === 'domain' ? { domain: ownDomain } : { project: { ...scope.project, domain: ownDomain }, is_domain: false };
}

/** Keystone writes microseconds, and some clients read no other form. */
const micros = (date: Date): string => date.toISOString().replace('Z', '000Z');
