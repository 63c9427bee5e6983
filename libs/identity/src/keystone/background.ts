import type { CatalogEntry } from '../caller.js';
import { createHttpClient, identityUrlOf, retried } from './http.js';
import { createOwnToken, type ServiceUser } from './service-user.js';
import { callerFrom } from './token-body.js';

/** An account of the operator's, with which a service works at another one while nobody asks it to. */
export interface BackgroundAccount {
  /** Its token, and the service catalogue that came with it. Fails where Keystone does not let it in or cannot be reached. */
  signedIn(): Promise<{ readonly token: string; readonly catalog: readonly CatalogEntry[] }>;
  /** The token was refused somewhere: the next one is a new one. */
  refused(token: string): void;
}

/** Neither account nor token is ever in what this throws. */
export function createBackgroundAccount({ authUrl, user, timeoutMs = 5000 }: { readonly authUrl: string; readonly user: ServiceUser; readonly timeoutMs?: number }): BackgroundAccount {
  const own = createOwnToken(identityUrlOf(authUrl), user, retried(createHttpClient(timeoutMs)), () => Date.now());
  return {
    refused: (token) => { own.refused(token); },
    async signedIn() {
      const { token, body } = await own.signedIn();
      return { token, catalog: callerFrom(body).catalog };
    },
  };
}
