import { aCaller } from './caller.example.js';
import { knownCallers } from './known-callers.js';

describe('an identity of known callers', () => {
  const identity = knownCallers({ demo: aCaller(), nova: aCaller({ roles: ['service'] }), friend: aCaller({ roles: ['member'] }) });

  it('knows its own', async () => {
    expect(await identity.callerOf('demo')).toEqual(aCaller());
    expect(identity.knownCallerOf('demo')).toEqual(aCaller());
  });

  it.each([undefined, '', 'other', 'constructor'])('refuses everybody else: %j', async (token) => {
    await expect(identity.callerOf(token)).rejects.toMatchObject({ code: 'NotAuthenticated' });
    expect(identity.knownCallerOf(token)).toBeUndefined();
  });

  it('adds the roles of a service token, as Keystone\'s identity does', async () => {
    expect(await identity.callerOf('demo', 'nova')).toEqual({ ...aCaller(), serviceRoles: ['service'], isService: true });
    expect(await identity.callerOf('demo', 'friend')).toEqual({ ...aCaller(), serviceRoles: ['member'], isService: false });
    expect(await identity.callerOf('demo', 'other')).toEqual(aCaller());
  });
});
