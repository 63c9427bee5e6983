/** Who makes a request, as the identity service vouches for him. Never holds a token: it may be logged or cached. */
export interface Caller {
  readonly userId: string;
  readonly userName: string;
  readonly userDomainId?: string;
  /** The project the token is scoped to; null for every other scope. It is the `owner` of what he creates. */
  readonly projectId: string | null;
  readonly projectName?: string;
  readonly projectDomainId?: string;
  /** The domain of a domain-scoped token. */
  readonly domainId?: string;
  /** Lower-cased: roles are compared without case (oslo.policy `role:`). */
  readonly roles: readonly string[];
  /** Has the role admin. Where an operator may have redefined `context_is_admin`, ask `policy.isAdmin` instead. */
  readonly isAdmin: boolean;
  /** Roles of the service token that came along, lower-cased; empty without one. */
  readonly serviceRoles: readonly string[];
  readonly scope: Scope;
  /** How the token was obtained, for the log of changes: `password`, `token`, `application_credential`, … */
  readonly authMethods: readonly string[];
  readonly expiresAt: Date;
  /** A valid service token with one of `service_token_roles` came with the request. */
  readonly isService: boolean;
  /** The service catalogue of the token: where this caller finds the services of each region. */
  readonly catalog: readonly CatalogEntry[];
}

export type Scope = 'project' | 'system' | 'domain' | 'unscoped';

export interface CatalogEntry {
  readonly type: string;
  readonly name: string;
  readonly endpoints: readonly CatalogEndpoint[];
}

export interface CatalogEndpoint {
  readonly region: string;
  readonly interface: string;
  readonly url: string;
}

/** Tells who is behind a token. Implementations: Keystone, and a fixed table of callers for tests. */
export interface Identity {
  /**
   * The caller behind `X-Auth-Token`, with what `X-Service-Token` adds. An invalid service token adds nothing.
   * Refuses: NotAuthenticated (absent, unknown, revoked or expired token), Unavailable (the identity service does not answer and the token is not cached).
   * Source: keystonemiddleware auth_token, with `delay_auth_decision` as Glance runs it.
   */
  callerOf(token: string | undefined, serviceToken?: string): Promise<Caller>;
  /** The same when it can be told without waiting: a token that was validated within `token_cache_time`. */
  knownCallerOf(token: string | undefined, serviceToken?: string): Caller | undefined;
  /** Value of the header `WWW-Authenticate` of every 401. */
  readonly wwwAuthenticate: string;
  /** Resolves when the identity service answers and accepts our service user; rejects with the reason, for `/readyz`. */
  check(): Promise<void>;
}
