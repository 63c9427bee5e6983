import { Problem } from '#libs/domain';
import type { Caller, Identity } from '../caller.js';
import { createHttpClient, identityUrlOf, retried, type Answer } from './http.js';
import { createOwnToken, type ServiceUser } from './service-user.js';
import { callerFrom } from './token-body.js';
import { createTokenCache, digestOf } from './token-cache.js';

/** Options of Glance's section `keystone_authtoken`, by the same names in camel case. */
export interface KeystoneOptions {
  /** With or without `/v3` at its end. */
  readonly authUrl: string;
  /** What a 401 tells clients; default `authUrl`. */
  readonly wwwAuthenticateUri?: string;
  readonly serviceUser: ServiceUser;
  /** `token_cache_time` in seconds, default 300: so long may a revoked token still be good here. */
  readonly tokenCacheTime?: number;
  /** `service_token_roles`, default `service`. */
  readonly serviceTokenRoles?: readonly string[];
  /** `service_token_roles_required`, default false: then any valid service token lets an expired user token pass. */
  readonly serviceTokenRolesRequired?: boolean;
  /** For one question to Keystone, default 5000. A question that fails is asked three times. */
  readonly timeoutMs?: number;
  /** Headers that go along with every question. */
  readonly carried?: () => Readonly<Record<string, string>>;
  readonly now?: () => Date;
  readonly warn?: (message: string) => void;
}

const refusedMs = 10_000;
const longestToken = 16 * 1024;

/**
 * Validates tokens against Keystone v3, with the meaning of keystonemiddleware's `auth_token` (`delay_auth_decision`, as Glance runs it).
 * One question per token at a time, whoever asks. What it says or logs never contains a token.
 * Tokens of application credentials with access rules are refused: Keystone does not validate them for who does not announce to enforce those.
 */
export function createKeystoneIdentity(options: KeystoneOptions): Identity {
  const { serviceTokenRoles = ['service'], serviceTokenRolesRequired = false, timeoutMs = 5000, now = () => new Date(), warn = () => undefined } = options;
  const nowMs = (): number => now().getTime();
  const identityUrl = identityUrlOf(options.authUrl);
  const send = retried(createHttpClient(timeoutMs, options.carried));
  const own = createOwnToken(identityUrl, options.serviceUser, send, nowMs);
  const cache = createTokenCache({ keepMs: (options.tokenCacheTime ?? 300) * 1000, refusedMs, nowMs });
  const asking = new Map<string, Promise<Caller>>();
  const wantedRoles = new Set(serviceTokenRoles.map((role) => role.toLowerCase()));

  async function ask(token: string, evenExpired: boolean, mayRenew = true): Promise<Answer> {
    const ownToken = await own.get();
    const answer = await send({
      method: 'GET', url: `${identityUrl}/auth/tokens${evenExpired ? '?allow_expired=1' : ''}`,
      headers: { 'x-auth-token': ownToken, 'x-subject-token': token },
    });
    if (answer.status !== 401) return answer;
    own.refused(ownToken);
    if (!mayRenew) throw new Error('our own service user is not accepted, even with a new token');
    return ask(token, evenExpired, false);
  }

  async function validate(token: string, key: string, evenExpired: boolean): Promise<Caller> {
    const answer = await reached(() => ask(token, evenExpired));
    if (answer.status === 404) {
      cache.refuse(key);
      throw new Problem('NotAuthenticated');
    }
    const caller = await reached(() => callerIn(answer));
    if (!evenExpired && caller.expiresAt.getTime() <= nowMs()) throw new Problem('NotAuthenticated');
    return cache.accept(key, caller, evenExpired);
  }

  async function reached<Value>(action: () => Value | Promise<Value>): Promise<Value> {
    try {
      return await action();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      warn(`Keystone at ${identityUrl} could not validate a token: ${reason}`);
      throw new Problem('Unavailable', { what: 'The identity service', seconds: 5 }, { cause: error });
    }
  }

  function validated(token: string, evenExpired: boolean): Promise<Caller> {
    const key = keyOf(token, evenExpired);
    const known = cache.get(key);
    if (known === 'refused') return Promise.reject(new Problem('NotAuthenticated'));
    if (known) return Promise.resolve(known);
    const running = asking.get(key) ?? validate(token, key, evenExpired).finally(() => asking.delete(key));
    asking.set(key, running);
    return running;
  }

  async function serviceBehind(token: string | undefined): Promise<Caller | undefined> {
    if (!isPresentable(token)) return undefined;
    try {
      return await validated(token, false);
    } catch (error) {
      if (error instanceof Problem && error.code === 'NotAuthenticated') return undefined;
      throw error;
    }
  }

  const isService = (service: Caller): boolean => service.roles.some((role) => wantedRoles.has(role));
  const vouches = (service: Caller | undefined): boolean => service !== undefined && (isService(service) || !serviceTokenRolesRequired);
  const together = (caller: Caller, service: Caller | undefined): Caller =>
    service ? { ...caller, serviceRoles: service.roles, isService: isService(service) } : caller;

  return {
    async callerOf(token, serviceToken) {
      if (!isPresentable(token)) throw new Problem('NotAuthenticated');
      const service = await serviceBehind(serviceToken);
      return together(await validated(token, vouches(service)), service);
    },
    knownCallerOf(token, serviceToken) {
      // Nothing unpresentable was ever validated: looking through every character again costs more than the rest.
      if (token === undefined || token.length > longestToken || (serviceToken?.length ?? 0) > longestToken) return undefined;
      if (serviceToken === undefined) return ifCaller(cache.get(keyOf(token, false)));
      const service = ifCaller(cache.get(keyOf(serviceToken, false)));
      const caller = service && ifCaller(cache.get(keyOf(token, vouches(service))));
      return caller && together(caller, service);
    },
    wwwAuthenticate: `Keystone uri="${(options.wwwAuthenticateUri ?? options.authUrl).replace(/\/+$/, '')}"`,
    async check() {
      const token = await own.get();
      const answer = await send({ method: 'GET', url: `${identityUrl}/auth/tokens`, headers: { 'x-auth-token': token, 'x-subject-token': token } });
      if (answer.status === 401 || answer.status === 404) own.refused(token);
      if (answer.status !== 200) throw new Error(`Keystone does not let our service user validate tokens: status ${answer.status}`);
    },
  };
}

const keyOf = (token: string, evenExpired: boolean): string => evenExpired ? `${digestOf(token)}+` : digestOf(token);
const ifCaller = (known: Caller | 'refused' | undefined): Caller | undefined => known === 'refused' ? undefined : known;

/** What could not even be a header towards Keystone is not a token. */
const isPresentable = (token: string | undefined): token is string =>
  token !== undefined && token.length <= longestToken && /^[\x21-\x7e]+$/.test(token);

function callerIn(answer: Answer): Caller {
  if (answer.status !== 200) throw new Error(`it answered with status ${answer.status}`);
  return callerFrom(answer.body);
}
