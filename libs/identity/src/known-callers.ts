import { Problem } from '#libs/domain';
import type { Caller, Identity } from './caller.js';

/** An identity that knows a fixed table of callers by token: for tests of what stands above it. */
export function knownCallers(callers: Readonly<Record<string, Caller>>, serviceRoles: readonly string[] = ['service']): Identity {
  const find = (token: string | undefined): Caller | undefined =>
    token !== undefined && Object.hasOwn(callers, token) ? callers[token] : undefined;

  function knownCallerOf(token: string | undefined, serviceToken?: string): Caller | undefined {
    const caller = find(token);
    const service = find(serviceToken);
    return caller && service ? { ...caller, serviceRoles: service.roles, isService: service.roles.some((role) => serviceRoles.includes(role)) } : caller;
  }

  return {
    async callerOf(token, serviceToken) {
      const caller = knownCallerOf(token, serviceToken);
      if (!caller) throw new Problem('NotAuthenticated');
      return Promise.resolve(caller);
    },
    knownCallerOf,
    wwwAuthenticate: 'Keystone uri="http://127.0.0.1:5000"',
    check: () => Promise.resolve(),
  };
}
