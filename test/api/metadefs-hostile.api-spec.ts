import fc from 'fast-check';
import { faultsIn, patiently } from './busy-machine.js';
import { startApi, type Api } from './harness.js';

/** HELIOGRAPH_HOSTILE_RUNS says how many requests, HELIOGRAPH_SEED repeats a run. */
const runs = Number(process.env['HELIOGRAPH_HOSTILE_RUNS'] ?? 600);
const seed = Number(process.env['HELIOGRAPH_SEED'] ?? Math.trunc(Math.random() * 2 ** 31));

let api: Api;
beforeAll(async () => { api = await startApi(); });
afterAll(() => api.stop());

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
/** Bodies that are nearly right reach further than those that are all wrong. */
const body = fc.oneof(
  value, fc.string(), fc.constantFrom('', '{', '[]', 'null', '{"a":1e999}', '{"namespace":"n","namespace":"m"}', `[${'['.repeat(5000)}`),
  fc.record({ namespace: texts, properties: fc.dictionary(texts, definition, { noNullPrototype: true }), tags: fc.array(fc.record({ name: texts }, { noNullPrototype: true })), objects: fc.array(fc.record({ name: texts, properties: fc.dictionary(texts, definition, { noNullPrototype: true }) }, { noNullPrototype: true })), owner: texts, description: value },
    { requiredKeys: ['namespace'], noNullPrototype: true }),
  fc.record({ name: texts, title: texts, type: fc.constantFrom('string', 'number'), enum: fc.array(value, { maxLength: 3 }), minimum: value, items: value, default: value }, { requiredKeys: ['name', 'title', 'type'], noNullPrototype: true }),
  fc.record({ tags: fc.array(fc.record({ name: texts }, { noNullPrototype: true })) }, { noNullPrototype: true }));
const segment = fc.oneof(fc.constantFrom('OS::A', 'n', 'nope'), texts.map((text) => encodeURIComponent(text.toWellFormed()).slice(0, 3000)), fc.constantFrom('%', '%ff', '%2F', '..', '%00'));
const part = fc.constantFrom('objects', 'properties', 'tags', 'resource_types');
const path = fc.oneof(
  fc.constant('/v2/metadefs/namespaces'), segment.map((one) => `/v2/metadefs/namespaces/${one}`), fc.tuple(segment, part).map(([one, two]) => `/v2/metadefs/namespaces/${one}/${two}`),
  fc.tuple(segment, part, segment).map(([one, two, three]) => `/v2/metadefs/namespaces/${one}/${two}/${three}`), fc.constant('/v2/metadefs/resource_types'));
const query = fc.oneof({ weight: 3, arbitrary: fc.constant('') }, { weight: 1, arbitrary: fc.tuple(fc.constantFrom('limit', 'marker', 'sort_key', 'sort_dir', 'visibility', 'resource_types', 'resource_type'), segment).map(([name, text]) => `?${name}=${text}`) });

describe('Whatever is sent to metadata definitions', () => {
  it('is answered, never by a fault of ours, and leaves everything readable', async () => {
    const [admin, demo] = [api.as('admin'), api.as('demo')];
    await admin.post('/v2/metadefs/namespaces', { body: { namespace: 'OS::A', visibility: 'public' } });
    process.stderr.write(`hostile requests to metadata definitions: HELIOGRAPH_SEED=${seed} HELIOGRAPH_HOSTILE_RUNS=${runs}\n`);
    const seen = new Map<number, number>();
    await fc.assert(fc.asyncProperty(fc.constantFrom('GET', 'POST', 'PUT', 'DELETE'), path, query, fc.option(body), fc.boolean(), async (method, at, asked, sent, isAdmin) => {
      const sends = sent !== null && method !== 'GET';
      const answer = await patiently(() => (isAdmin ? admin : demo).request(method, at + asked, sends ? { body: sent as object } : {}), ({ headers }) => headers.get('retry-after'));
      seen.set(answer.status, (seen.get(answer.status) ?? 0) + 1);
      expect({ status: answer.status, isFault: answer.status >= 500 }).toEqual({ status: answer.status, isFault: false });
    }), { numRuns: runs, seed, endOnFailure: true });
    process.stderr.write(`${[...seen].toSorted(([one], [other]) => one - other).map(([status, times]) => `${status}: ${times}`).join(', ')}\n`);
    const { namespaces } = (await admin.get('/v2/metadefs/namespaces?limit=1000')).json<{ namespaces: { namespace: string; protected: boolean }[] }>();
    for (const { namespace } of namespaces) expect((await admin.get(`/v2/metadefs/namespaces/${encodeURIComponent(namespace)}`)).status).toBe(200);
    expect(faultsIn(api.logged)).toEqual([]);
  }, 3_000_000);
});
