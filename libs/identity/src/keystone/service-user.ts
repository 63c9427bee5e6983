import type { Answer, Exchange } from './http.js';

/** The account with which we ask Keystone: a user with his password, on a project or on the whole system, or an application credential. */
export type ServiceUser =
  | { readonly username: string; readonly password: string; readonly projectName: string; readonly userDomainId: string; readonly projectDomainId: string }
  | { readonly username: string; readonly password: string; readonly userDomainId: string; readonly systemScope: true }
  | { readonly applicationCredentialId: string; readonly applicationCredentialSecret: string };

/** Renewed this long before it expires, so that no request meets the end of it. */
const renewBeforeMs = 60_000;

/** The service user signed in: its token, and what Keystone said with it. */
export interface SignedIn { readonly token: string; readonly body: unknown }

/**
 * The service user's own token: fetched when first needed, shared by everybody who waits, and fetched anew shortly before it expires
 * or when Keystone stops accepting it (`refused`, with the token that was refused).
 */
export function createOwnToken(identityUrl: string, user: ServiceUser, send: (exchange: Exchange) => Promise<Answer>, nowMs: () => number) {
  let held: SignedIn & { readonly renewAtMs: number } | undefined;
  let fetching: Promise<SignedIn> | undefined;

  async function fetchOne(): Promise<SignedIn> {
    const answer = await send({ method: 'POST', url: `${identityUrl}/auth/tokens`, headers: {}, body: { auth: authOf(user) } });
    const token = answer.headers['x-subject-token'];
    if (answer.status !== 201 || typeof token !== 'string') throw new Error(`our own service user was not let in: status ${answer.status}`);
    const expiresAt = Date.parse((answer.body as { token?: { expires_at?: string } } | undefined)?.token?.expires_at ?? '');
    held = { token, body: answer.body, renewAtMs: (Number.isNaN(expiresAt) ? nowMs() + 2 * renewBeforeMs : expiresAt) - renewBeforeMs };
    return held;
  }

  function signedIn(): Promise<SignedIn> {
    if (held && nowMs() < held.renewAtMs) return Promise.resolve(held);
    fetching ??= fetchOne().finally(() => { fetching = undefined; });
    return fetching;
  }

  return {
    signedIn,
    get: async (): Promise<string> => (await signedIn()).token,
    refused(token: string): void {
      if (held?.token === token) held = undefined;
    },
  };
}

function authOf(user: ServiceUser): unknown {
  if ('applicationCredentialId' in user) {
    const { applicationCredentialId: id, applicationCredentialSecret: secret } = user;
    return { identity: { methods: ['application_credential'], application_credential: { id, secret } } };
  }
  const { username: name, password, userDomainId } = user;
  return {
    identity: { methods: ['password'], password: { user: { name, password, domain: { id: userDomainId } } } },
    scope: 'systemScope' in user ? { system: { all: true } } : { project: { name: user.projectName, domain: { id: user.projectDomainId } } },
  };
}
