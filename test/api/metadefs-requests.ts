import fc from 'fast-check';
import { kinds, pathOf, type Kind, type Model, type Route, type Space } from './metadefs-model.js';
import type { PersonName } from './personas.js';

/** What is sent, and which answers are right for it; none named: whatever is no fault of ours. */
export interface Asked {
  readonly who: PersonName | 'garbage' | undefined;
  readonly method: string;
  readonly path: string;
  readonly body?: object | string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  readonly expects?: readonly number[] | undefined;
  /** Sent by two at once: one is carried out, and the other finds what that one left. */
  readonly isTwice?: boolean;
}

const words = [
  'namespace', 'display_name', 'description', 'visibility', 'protected', 'owner', 'resource_type_associations', 'properties', 'objects', 'tags', 'name', 'prefix', 'properties_target', 'title', 'type', 'enum', 'items',
  'minimum', 'maximum', 'minLength', 'maxLength', 'default', 'operators', 'required', 'readonly', 'self', 'created_at', '__proto__', 'constructor', 'toString', '',
] as const;
const texts = fc.oneof(
  fc.constantFrom('n', 'OS::A', 'public', 'private', 'string', 'integer', '*', '>', 'a.b', '../x', '%', '\u0000', '\ud800', '🛰️', ' ', 'x'.repeat(81), 'x'.repeat(70_000), '日本'.repeat(40), '%00', "'; drop table images; --", '$1'),
  fc.string({ unit: 'binary', maxLength: 20 }));
const value = fc.letrec((tie) => ({
  any: fc.oneof({ maxDepth: 4, depthSize: 'small' }, texts, fc.constantFrom(null, true, false, 0, -1, 1.5, 1e308, 2 ** 53, Number.MIN_VALUE), fc.array(tie('any'), { maxLength: 4 }), fc.dictionary(fc.oneof(fc.constantFrom(...words), texts), tie('any'), { maxKeys: 5, noNullPrototype: true })),
})).any;
const definition = fc.record({ title: fc.oneof(texts, value), type: fc.oneof(fc.constantFrom('string', 'array'), value) }, { noNullPrototype: true });
const notJson = ['', '{', '[]', 'null', '{"a":1e999}', `[${'['.repeat(5000)}`] as const;
/** Bodies that are nearly right reach further than those that are all wrong. */
const body = fc.oneof(
  value, fc.string(), fc.constantFrom(...notJson, '{"namespace":"n","namespace":"m"}'),
  fc.record({ namespace: texts, properties: fc.dictionary(texts, definition, { noNullPrototype: true }), tags: fc.array(fc.record({ name: texts }, { noNullPrototype: true })), objects: fc.array(fc.record({ name: texts, properties: fc.dictionary(texts, definition, { noNullPrototype: true }) }, { noNullPrototype: true })), owner: texts, description: value },
    { requiredKeys: ['namespace'], noNullPrototype: true }),
  fc.record({ name: texts, title: texts, type: fc.constantFrom('string', 'number'), enum: fc.array(value, { maxLength: 3 }), minimum: value, items: value, default: value }, { requiredKeys: ['name', 'title', 'type'], noNullPrototype: true }),
  fc.record({ tags: fc.array(fc.record({ name: texts }, { noNullPrototype: true })) }, { noNullPrototype: true }));
const segment = fc.oneof(fc.constantFrom('OS::A', 'n', 'nope'), texts.map((text) => encodeURIComponent(text.toWellFormed()).slice(0, 3000)), fc.constantFrom('%', '%ff', '%2F', '..', '%00'));
const part = fc.constantFrom(...kinds);
const path = fc.oneof(
  fc.constant('/v2/metadefs/namespaces'), segment.map((one) => `/v2/metadefs/namespaces/${one}`), fc.tuple(segment, part).map(([one, two]) => `/v2/metadefs/namespaces/${one}/${two}`),
  fc.tuple(segment, part, segment).map(([one, two, three]) => `/v2/metadefs/namespaces/${one}/${two}/${three}`), fc.constant('/v2/metadefs/resource_types'));
const query = fc.oneof({ weight: 3, arbitrary: fc.constant('') }, { weight: 1, arbitrary: fc.tuple(fc.constantFrom('limit', 'marker', 'sort_key', 'sort_dir', 'visibility', 'resource_types', 'resource_type'), segment).map(([name, text]) => `?${name}=${text}`) });
/** Whatever comes to mind, at any path. */
const wild: fc.Arbitrary<Asked> = fc.record({ who: fc.constantFrom('admin', 'demo'), method: fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'PATCH'), path, query, sent: fc.option(body) })
  .map(({ who, method, path: at, query: asked, sent }) => ({ who, method, path: at + asked, ...(sent === null || method === 'GET' ? {} : { body: sent as object }) }));

/** What is drawn for a request that its route knows; numbers choose among what the model says is there. */
export interface Drawn { readonly luck: number; readonly space: number; readonly part: number; readonly word: string; readonly field: string; readonly value: unknown; readonly flag: boolean }
const drawing: fc.Arbitrary<Drawn> = fc.record({
  luck: fc.nat(), space: fc.nat(), part: fc.nat(), field: fc.constantFrom(...words), value, flag: fc.boolean(),
  // Each is a name that may be; with a number behind it a new one.
  word: fc.constantFrom('OS::Compute', 'ä ö/ü?#%', 'a\tb', '*.>', '../..', '🛰️', '%2F', "'; drop table images; --", '$1', '__proto__', '日本'.repeat(30)),
});

/** A request is either whatever comes to mind or, four times of five, one for a route whose turn it is. */
export const request: fc.Arbitrary<Asked | Drawn> = fc.oneof({ weight: 1, arbitrary: wild }, { weight: 4, arbitrary: drawing });
export const isWild = (each: Asked | Drawn): each is Asked => 'path' in each;

const at = <Item>(all: readonly Item[], index: number): Item | undefined => all[index % all.length];

/** A protected namespace that nothing but what must be refused is sent to. */
export const kept = {
  namespace: 'OS::Kept', visibility: 'public', protected: true, objects: [{ name: 'kept' }], properties: { kept: { title: 'Kept', type: 'string' } }, tags: [{ name: 'kept' }], resource_type_associations: [{ name: 'kept' }],
} as const;

interface Chosen { readonly route: Route; readonly namespace: string; readonly space: Space; readonly part: string; readonly fresh: string; readonly drawn: Drawn }

/** A namespace, and a part where the route is of one that is there; undefined where there is nothing that the route can be asked about. */
function choose(route: Route, model: Model, drawn: Drawn, number: number): Chosen | undefined {
  const fresh = `${drawn.word} ${number}`;
  const needed = route.of === 'part' && route.method !== 'POST' ? route.kind : undefined;
  const fits = ({ isProtected, holds }: Space): boolean => (route.method !== 'DELETE' || !isProtected) && (needed === undefined || holds[needed].size > 0);
  const found = at([...model].filter(([name, space]) => name !== kept.namespace && fits(space)), drawn.space);
  if (!found) return undefined;
  const [namespace, space] = found;
  return { route, namespace, space, part: (needed && at([...space.holds[needed]], drawn.part)) ?? fresh, fresh, drawn };
}

const property = { title: 'A property', type: 'string', enum: ['a', 'b'], operators: ['<or>'] };
const object = { description: 'An object', required: ['width'], properties: { width: { title: 'Width', type: 'number', minimum: 0 } } };

const head = (name: string, { flag, part: number }: Drawn) =>
  ({ namespace: name, visibility: flag ? 'public' : 'private', description: 'A namespace', owner: at(['admin', 'demo', 'third'], number), protected: number % 8 === 0 });
const content = (name: string) => ({
  resource_type_associations: [{ name: 'OS::Nova::Flavor', prefix: 'hw:' }, { name }], properties: { [name]: property, cores: property }, objects: [{ name, ...object }, { name: 'box' }], tags: [{ name }, { name: 'red' }],
});
const ofPart: Readonly<Record<Kind, (name: string) => Record<string, unknown>>> = {
  objects: (name) => ({ name, ...object }), properties: (name) => ({ name, ...property }), resource_types: (name) => ({ name, prefix: 'p_' }), tags: (name) => ({ tags: [{ name }, { name: `${name}, too` }] }),
};

/** A body that is right: `name` is what it makes, or what the thing will be called. */
function bodyFor({ of, kind, method }: Route, name: string, drawn: Drawn): Record<string, unknown> | undefined {
  if (method === 'GET' || method === 'DELETE') return undefined;
  if (kind === undefined) return { ...head(name, drawn), ...(of === 'spaces' ? content(name) : {}) };
  if (kind !== 'tags' || of === 'parts') return ofPart[kind](name);
  return method === 'PUT' ? { name } : undefined;
}

const appending = { 'x-openstack-append': 'true' };

type Twist = (chosen: Chosen, fit: Asked) => Asked | undefined;

const isWrite = ({ method }: Route): boolean => method !== 'GET';
const takesBody = (body_: Asked['body']): body_ is Record<string, unknown> => typeof body_ === 'object';

/** Each makes of a request that is right one that is not, where that can be done, and says which refusals are right. */
const twists: readonly Twist[] = [
  function nobody({ drawn: { flag } }, fit) {
    return { ...fit, who: flag ? undefined : 'garbage', expects: [401] };
  },
  function stranger({ route, space }, fit) {
    // Whoever can find it learns that he may not, and all others that there is nothing.
    const finds = route.of === 'spaces' || space.visibility === 'public' || space.owner === 'demo';
    if (isWrite(route)) return { ...fit, who: 'demo', expects: [finds ? 403 : 404] };
    return { ...fit, who: 'nobody', expects: [403, 404] };
  },
  function gone({ route, fresh, part, namespace, drawn: { flag } }, fit) {
    if (route.of === 'types' || route.of === 'spaces') return undefined;
    const isPart = flag && route.of === 'part' && route.method !== 'POST';
    return { ...fit, path: pathOf(route, isPart ? namespace : `gone ${fresh}`, isPart ? `gone ${fresh}` : part), expects: [404] };
  },
  function takenPath({ route, namespace, space }, fit) {
    const { of, kind, method } = route;
    const other = kind && [...space.holds[kind]][0];
    return of === 'part' && method === 'POST' && other !== undefined ? { ...fit, path: pathOf(route, namespace, other), expects: [409] } : undefined;
  },
  function takenName({ route, namespace, space, part, drawn: chosen }, fit) {
    if (!takesBody(fit.body) || route.of === 'space') return undefined;
    const { of, kind } = route;
    const other = kind ? [...space.holds[kind]].find((each) => of === 'parts' || each !== part) : namespace;
    return other === undefined ? undefined : { ...fit, body: bodyFor(route, other, chosen), ...(kind === 'tags' ? { headers: appending } : {}), expects: [409] };
  },
  function broken({ drawn: { part: number } }, fit) {
    return takesBody(fit.body) ? { ...fit, body: at([...notJson, `{"name":"${'x'.repeat(1_100_000)}"}`], number), expects: [400, 413] } : undefined;
  },
  function wrong({ drawn: chosen }, fit) {
    return takesBody(fit.body) ? { ...fit, body: { ...fit.body, [at(Object.keys(fit.body), chosen.part) ?? '']: chosen.value }, expects: [200, 201, 400, 403, 409, 413] } : undefined;
  },
  function strange({ drawn: { field, value: given } }, fit) {
    return takesBody(fit.body) && !Object.hasOwn(fit.body, field) ? { ...fit, body: { ...fit.body, [field]: given }, expects: [200, 201, 400, 403, 409, 413] } : undefined;
  },
  function ofTheService({ route: { kind, of }, drawn: { flag } }, fit) {
    return takesBody(fit.body) && (kind !== 'tags' || of === 'part') ? { ...fit, body: { ...fit.body, [flag ? 'created_at' : 'updated_at']: '2026-01-01T00:00:00Z' }, expects: [403] } : undefined;
  },
  function lackingName({ route: { of } }, fit) {
    if (!takesBody(fit.body)) return undefined;
    const { [of === 'spaces' || of === 'space' ? 'namespace' : 'tags' in fit.body ? 'tags' : 'name']: _, ...rest } = fit.body;
    return { ...fit, body: rest, expects: [400] };
  },
  function strangePage({ route: { of, kind, method }, drawn: { part: number } }, fit) {
    const isPaged = of === 'spaces' || (of === 'parts' && (kind === 'objects' || kind === 'tags'));
    return isPaged && method === 'GET' ? { ...fit, path: `${fit.path}?${at(['limit=-1', 'limit=x', 'sort_dir=up'], number)}`, expects: [400] } : undefined;
  },
  function isProtected({ route }, fit) {
    return route.method === 'DELETE' ? { ...fit, path: pathOf(route, kept.namespace, 'kept'), expects: [403] } : undefined;
  },
];

const right = { GET: 200, POST: 201, PUT: 200, DELETE: 204 } as const;

/** What is right. */
function fitOf({ route, namespace, space, part, fresh, drawn }: Chosen): Asked {
  const { of, kind, method } = route;
  const isPublic = of === 'types' || of === 'spaces' || space.visibility === 'public' || space.owner === 'demo';
  return {
    who: !isWrite(route) && drawn.flag && isPublic ? 'demo' : 'admin', method, path: pathOf(route, namespace, part), expects: [right[method]],
    body: bodyFor(route, nameFor(route, { namespace, part, fresh, drawn }), drawn),
    ...(kind === 'tags' && of === 'parts' && drawn.luck % 2 === 0 ? { headers: appending } : {}),
  };
}

function nameFor({ of }: Route, { namespace, part, fresh, drawn: { flag } }: Pick<Chosen, 'namespace' | 'part' | 'fresh' | 'drawn'>): string {
  if (flag || of === 'spaces' || of === 'parts') return fresh;
  return of === 'space' ? namespace : part;
}

/** Of nine requests to a route four are right and five have a fault each, another one every time, so that any seed tries all of them. */
const [roundLength, rightOfRound] = [9, 4];

export interface Turn { readonly route: Route; readonly round: number; /** Of all requests; makes names new. */ readonly number: number }

/** The request to this route in its turn, some of those that are right sent by two at once; undefined where there is nothing that the route can be asked about. */
export function requestTo({ route, round, number }: Turn, model: Model, drawn: Drawn): Asked | undefined {
  const choice = choose(route, model, drawn, number);
  if (!choice) return undefined;
  const fit = fitOf(choice);
  const inRound = round % roundLength;
  if (inRound < rightOfRound) return isWrite(route) && drawn.luck % 8 === 0 ? { ...fit, isTwice: true } : fit;
  const possible = twists.flatMap((twist) => twist(choice, fit) ?? []);
  return at(possible, Math.trunc(round / roundLength) * (roundLength - rightOfRound) + inRound - rightOfRound) ?? fit;
}

/** A namespace with something of each kind. */
export const someNamespace = (drawn: Drawn, number: number): Asked =>
  ({ who: 'admin', method: 'POST', path: pathOf({ of: 'spaces' }, '', ''), body: bodyFor({ of: 'spaces', method: 'POST' }, `${drawn.word} ${number}`, drawn), expects: [201] });
