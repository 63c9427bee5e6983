import type { Caller } from './caller.js';

/** A caller for specs: a member of project p1, with what is given changed. */
export function aCaller(changed: Partial<Caller> = {}): Caller {
  const roles = changed.roles ?? ['member', 'reader'];
  return {
    userId: 'u1', userName: 'user one', projectId: 'p1', scope: 'project', serviceRoles: [], isService: false, authMethods: ['password'],
    expiresAt: new Date('2100-01-01T00:00:00Z'), catalog: [], ...changed, roles, isAdmin: roles.includes('admin'),
  };
}
