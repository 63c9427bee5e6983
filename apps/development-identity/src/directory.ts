import { createHash } from 'node:crypto';

export interface Project { readonly id: string; readonly name: string }
export interface User { readonly id: string; readonly name: string }

/** Where roles are held: on a project by name, on the domain, or on the whole system. */
interface Assignment { readonly user: string; readonly on: { project: string } | 'domain' | 'system'; readonly roles: readonly RoleName[] }

type RoleName = 'admin' | 'manager' | 'member' | 'reader' | 'service';

/** The same in every start, so that images keep their owner when the data survives and this service does not. */
export const stableId = (kind: string, name: string): string =>
  createHash('sha256').update(`heliograph development identity/${kind}/${name}`).digest('hex').slice(0, 32);

export const domain = { id: 'default', name: 'Default' } as const;

const named = (kind: string, names: readonly string[]) => names.map((name) => ({ id: stableId(kind, name), name }));

export const projects: readonly Project[] = named('project', ['admin', 'demo', 'alt_demo', 'service']);
export const users: readonly User[] = named('user', ['admin', 'demo', 'demo_reader', 'reader', 'alt_demo', 'alt_demo_reader', 'glance']);
export const roles = named('role', ['admin', 'manager', 'member', 'reader', 'service'] satisfies RoleName[]);

const assignments: readonly Assignment[] = [
  { user: 'admin', on: { project: 'admin' }, roles: ['admin'] },
  { user: 'admin', on: { project: 'demo' }, roles: ['admin'] },
  { user: 'admin', on: 'domain', roles: ['admin'] },
  { user: 'admin', on: 'system', roles: ['admin'] },
  { user: 'demo', on: { project: 'demo' }, roles: ['member'] },
  { user: 'demo_reader', on: { project: 'demo' }, roles: ['reader'] },
  { user: 'reader', on: { project: 'demo' }, roles: ['reader'] },
  { user: 'alt_demo', on: { project: 'alt_demo' }, roles: ['member'] },
  { user: 'alt_demo_reader', on: { project: 'alt_demo' }, roles: ['reader'] },
  { user: 'glance', on: { project: 'service' }, roles: ['admin', 'service'] },
];

/** As Keystone's bootstrap sets them up: who has the left one has those on the right too. */
const implied: Readonly<Record<RoleName, readonly RoleName[]>> = {
  admin: ['manager', 'member', 'reader'], manager: ['member', 'reader'], member: ['reader'], reader: [], service: [],
};

export type Scope = { readonly project: Project } | 'domain' | 'system';

/** The roles a user holds there, implied ones included, each with its id; empty when there are none. */
export function rolesOf(user: User, scope: Scope): readonly { id: string; name: string }[] {
  const held = assignments.filter(({ user: name, on }) => name === user.name && isSameScope(on, scope)).flatMap((assignment) => assignment.roles);
  const all = new Set(held.flatMap((role) => [role, ...implied[role]]));
  return roles.filter(({ name }) => all.has(name as RoleName));
}

function isSameScope(on: Assignment['on'], scope: Scope): boolean {
  return typeof on === 'object' ? typeof scope === 'object' && on.project === scope.project.name : on === scope;
}

/** The projects on which a user has a role. */
export const projectsOf = (user: User): readonly Project[] => projects.filter((project) => rolesOf(user, { project }).length > 0);
