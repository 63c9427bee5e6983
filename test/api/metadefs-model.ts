import type { Answer, Person } from './harness.js';

export const kinds = ['objects', 'properties', 'tags', 'resource_types'] as const;
export type Kind = (typeof kinds)[number];
type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

/** A route below /v2/metadefs: of all namespaces, of one, of all definitions of a kind in it, or of one of them. */
export interface Route { readonly method: Method; readonly of: 'types' | 'spaces' | 'space' | 'parts' | 'part'; readonly kind?: Kind }

interface Place extends Omit<Route, 'method'> { readonly methods: readonly Method[] }
const ofKind = (kind: Kind): readonly Place[] => [{ of: 'parts', kind, methods: ['GET', 'POST', 'DELETE'] }, { of: 'part', kind, methods: kind === 'tags' ? ['GET', 'POST', 'PUT', 'DELETE'] : ['GET', 'PUT', 'DELETE'] }];
const places: readonly Place[] = [
  { of: 'types', methods: ['GET'] }, { of: 'spaces', methods: ['GET', 'POST'] }, { of: 'space', methods: ['GET', 'PUT', 'DELETE'] },
  { of: 'parts', kind: 'resource_types', methods: ['GET', 'POST'] }, { of: 'part', kind: 'resource_types', methods: ['DELETE'] },
  ...ofKind('objects'), ...ofKind('properties'), ...ofKind('tags'),
];
/** Every route of the metadata definitions. Source: API.md section 18. */
export const routes: readonly Route[] = places.flatMap(({ methods, ...place }) => methods.map((method) => ({ method, ...place })));

const root = '/v2/metadefs/namespaces';
export const pathOf = ({ of, kind }: Pick<Route, 'of' | 'kind'>, namespace: string, part: string): string => ({
  types: '/v2/metadefs/resource_types', spaces: root, space: `${root}/${encodeURIComponent(namespace)}`, parts: `${root}/${encodeURIComponent(namespace)}/${kind}`,
  part: `${root}/${encodeURIComponent(namespace)}/${kind}/${encodeURIComponent(part)}`,
})[of];
export const nameOf = ({ method, ...place }: Route): string => `${method} ${decodeURIComponent(pathOf(place, '{namespace}', '{name}'))}`;

export interface Found { readonly route: Route; readonly namespace: string; readonly part: string }

/** Which route a path as it was sent leads to; undefined for none, and for what cannot be read. */
export function routeOf(method: string, path: string): Found | undefined {
  const [namespace, kind, part, ...rest] = segmentsOf(path) ?? [undefined, undefined, undefined, ''];
  if (rest.length > 0) return undefined;
  const of = part !== undefined ? 'part' : kind !== undefined ? 'parts' : namespace !== undefined ? 'space' : 'spaces';
  const isTypes = new URL(path, 'http://any').pathname === '/v2/metadefs/resource_types';
  const route = routes.find((each) => each.method === method && (isTypes ? each.of === 'types' : each.of === of && each.kind === kind));
  return route && { route, namespace: namespace ?? '', part: part ?? '' };
}

function segmentsOf(path: string): string[] | undefined {
  const { pathname } = new URL(path, 'http://any');
  if (pathname === '/v2/metadefs/resource_types') return [];
  if (pathname !== root && !pathname.startsWith(`${root}/`)) return undefined;
  try {
    return pathname.slice(root.length + 1).split('/').filter((each, _, all) => all.length > 1 || each !== '').map(decodeURIComponent);
  } catch {
    return undefined;
  }
}

/** A namespace as it must be, by what was answered. */
export interface Space { readonly owner: string; readonly visibility: string; readonly isProtected: boolean; readonly holds: Readonly<Record<Kind, ReadonlySet<string>>> }

interface SpaceJson {
  readonly namespace: string; readonly owner: string; readonly visibility: string; readonly protected: boolean;
  readonly objects?: readonly Named[]; readonly tags?: readonly Named[]; readonly resource_type_associations?: readonly Named[]; readonly properties?: object;
}
interface Named { readonly name: string }

const namesOf = (all: readonly Named[] = []): Set<string> => new Set(all.map(({ name }) => name));
const holdsOf = ({ objects, tags, resource_type_associations: types, properties = {} }: SpaceJson): Space['holds'] =>
  ({ objects: namesOf(objects), tags: namesOf(tags), resource_types: namesOf(types), properties: new Set(Object.keys(properties)) });
const headOf = ({ owner, visibility, protected: isProtected }: SpaceJson): Omit<Space, 'holds'> => ({ owner, visibility, isProtected });

export type Model = ReadonlyMap<string, Space>;

/** What is there, as an administrator is told. */
export async function readAll(admin: Person): Promise<Map<string, Space>> {
  const model = new Map<string, Space>();
  for (let page: string | undefined = `${root}?limit=1000`; page !== undefined;) {
    const { namespaces, next }: { namespaces: SpaceJson[]; next?: string } = (await admin.get(page)).json();
    for (const { namespace } of namespaces) {
      const answer = await admin.get(pathOf({ of: 'space' }, namespace, ''));
      if (answer.status !== 200) throw new Error(`namespace ${namespace} is listed and not shown: ${answer.status}`);
      const json = answer.json<SpaceJson>();
      model.set(namespace, { ...headOf(json), holds: holdsOf(json) });
    }
    page = next;
  }
  return model;
}

export interface Done extends Found { readonly answer: Pick<Answer, 'json'>; readonly appends: boolean }

/** The model after a request that was carried out, as its answer tells. */
export function after(model: Model, { route, namespace, part, answer, appends }: Done): Model {
  if (route.method === 'GET') return model;
  const next = new Map(model);
  if (route.of === 'spaces') {
    const json = answer.json<SpaceJson>();
    return next.set(json.namespace, { ...headOf(json), holds: holdsOf(json) });
  }
  const space = model.get(namespace);
  if (!space) throw new Error(`${nameOf(route)} was carried out on ${namespace}, which is not there`);
  if (route.of === 'space') next.delete(namespace);
  if (route.of === 'space' && route.method === 'PUT') {
    const json = answer.json<SpaceJson>();
    next.set(json.namespace, { ...headOf(json), holds: space.holds });
  }
  const { kind } = route;
  return kind ? next.set(namespace, { ...space, holds: { ...space.holds, [kind]: namesAfter(space.holds[kind], { route, part, answer, appends }) } }) : next;
}

function namesAfter(names: ReadonlySet<string>, { route: { of, kind, method }, part, answer, appends }: Omit<Done, 'namespace'>): ReadonlySet<string> {
  if (of === 'parts' && method === 'DELETE') return new Set();
  const rest = new Set(names);
  if (of === 'part') rest.delete(part);
  if (method === 'DELETE') return rest;
  if (of === 'part' || kind !== 'tags') return rest.add(answer.json<Named>().name);
  const set = answer.json<{ tags: Named[] }>().tags.map(({ name }) => name);
  // No names change nothing, as in Glance.
  return set.length === 0 ? names : new Set([...(appends ? names : []), ...set]);
}
