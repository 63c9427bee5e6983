import type { Caller } from '#libs/identity';

const caller = (userName: string, projectId: string | null, roles: readonly string[], more: Partial<Caller> = {}): Caller => ({
  userId: `user-${userName}`, userName, userDomainId: 'default', projectId, projectDomainId: 'default', roles, isAdmin: roles.includes('admin'),
  serviceRoles: [], scope: 'project', authMethods: ['password'], expiresAt: new Date('2100-01-01'), isService: false, catalog: [], ...more,
});

/** Who asks in the specifications; a token is its person's name. Projects: demo, alt and third; admin works in a project of his own. */
export const callers = {
  admin: caller('admin', 'admin', ['admin', 'member', 'reader']),
  demo: caller('demo', 'demo', ['member', 'reader']),
  demoReader: caller('demoReader', 'demo', ['reader']),
  alt: caller('alt', 'alt', ['member', 'reader']),
  third: caller('third', 'third', ['member', 'reader']),
  nobody: caller('nobody', 'demo', []),
  nova: caller('nova', 'service', ['service']),
  service: caller('service', 'service', ['admin', 'service']),
  systemAdmin: caller('systemAdmin', null, ['admin', 'member', 'reader'], { scope: 'system' }),
} as const;

export type PersonName = keyof typeof callers;
