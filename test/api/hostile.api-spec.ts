import { readdir } from 'node:fs/promises';
import { Agent, request as httpRequest } from 'node:http';
import fc from 'fast-check';
import { faultsIn, patiently } from './busy-machine.js';
import { startApi, type Answer, type Api } from './harness.js';

/**
 * Whatever is sent to any route outside of the metadata definitions, which have a spec of their own: malformed, oversized, wrongly typed, wrongly
 * encoded, unauthorised. HELIOGRAPH_HOSTILE_RUNS says how many requests, HELIOGRAPH_SEED repeats a run.
 */
const runs = Number(process.env['HELIOGRAPH_HOSTILE_RUNS'] ?? 2000);
const seed = Number(process.env['HELIOGRAPH_SEED'] ?? Math.trunc(Math.random() * 2 ** 31));

let api: Api;
const agent = new Agent({ keepAlive: true, maxSockets: 4 });
beforeAll(async () => { api = await startApi({ 'default.image_size_cap': '100000' }); });
afterAll(async () => {
  agent.destroy();
  await api.stop();
});

const secret = 'a-secret-of-alt';
type Who = 'admin' | 'demo' | 'demoReader' | 'third' | 'nobody' | 'garbage' | undefined;
const who = fc.constantFrom<Who>('admin', 'demo', 'demo', 'demo', 'demoReader', 'third', 'nobody', 'garbage', undefined);

const words = [
  'id', 'name', 'visibility', 'protected', 'os_hidden', 'owner', 'status', 'tags', 'disk_format', 'container_format', 'min_disk', 'min_ram', 'size', 'checksum', 'locations', 'members', 'member', 'store', 'stores', 'method',
  'all_stores', 'uri', 'url', 'glance_image_id', 'glance_region', 'validation_data', 'os_glance_import_task', 'os_glance_anything', 'type', 'input', 'import_from', 'self', 'file', 'schema', 'direct_url', 'virtual_size',
  'created_at', '__proto__', 'constructor', 'hasOwnProperty', '', 'a/b', '~0~1',
] as const;
const texts = fc.oneof(
  fc.constantFrom('x', 'public', 'private', 'shared', 'community', 'active', 'deleted', 'raw', 'qcow2', 'bare', '-1', '1e999', '99999999999999999999', '*', '>', 'a.b', '../../etc/passwd', '%', '%00', '\u0000', '\ud800', '🛰️', ' ',
    'x'.repeat(256), 'x'.repeat(70_000), '日本'.repeat(200), "'; drop table images; --", '$1', '{}', 'file:///etc/passwd', 'http://169.254.169.254/latest', 'http://[::1]:1/', 'http://0x7f.1/', 'glance-direct', 'web-download', 'copy-image',
    'glance-download', 'location-import', 'fast', 'nowhere', 'true', 'accepted'),
  fc.string({ unit: 'binary', maxLength: 30 }));
const value = fc.letrec((tie) => ({
  any: fc.oneof({ maxDepth: 4, depthSize: 'small' }, texts, fc.constantFrom(null, true, false, 0, -1, 1.5, 1e308, 2 ** 53, 2 ** 31), fc.array(tie('any'), { maxLength: 4 }),
    fc.dictionary(fc.oneof(fc.constantFrom(...words), texts), tie('any'), { maxKeys: 5, noNullPrototype: true })),
})).any;
const named = <Shape extends Record<string, fc.Arbitrary<unknown>>>(shape: Shape) => fc.record(shape, { requiredKeys: [], noNullPrototype: true });
const either = (...good: unknown[]) => fc.oneof({ weight: 8, arbitrary: fc.constantFrom(...good) }, { weight: 1, arbitrary: value });
const bool = either(true, false);

/** Bodies that are nearly right reach further than those that are all wrong. */
const newImage = named({
  name: either('n', '🛰️', ''), visibility: either('private', 'shared', 'community'), disk_format: either('raw', 'qcow2'), container_format: either('bare', 'ova'), tags: either([], ['a', 'b']), protected: bool, os_hidden: bool, min_disk: either(0, 1),
  os_distro: either('x'), ...Object.fromEntries(['id', 'owner', 'status', 'checksum', 'locations', 'x'.repeat(256)].map((name) => [name, fc.option(value, { nil: undefined, freq: 1 })])),
});
const pointer = fc.oneof(fc.constantFrom(...words).map((word) => `/${word}`), fc.tuple(fc.constantFrom(...words), texts).map((both) => `/${both.join('/')}`), texts);
const goodChange = fc.constantFrom({ op: 'replace', path: '/name', value: 'renamed' }, { op: 'add', path: '/os_version', value: '1' }, { op: 'remove', path: '/os_version' }, { op: 'replace', path: '/tags', value: ['t'] });
const patch = fc.oneof(fc.array(fc.oneof({ weight: 3, arbitrary: goodChange }, { weight: 1, arbitrary: fc.oneof(named({ op: either('add', 'replace', 'remove', 'move', 'test'), path: pointer, value }), named({ add: pointer, replace: pointer, remove: pointer, value })) }), { maxLength: 4 }), value);
const importing = named({
  method: fc.oneof(named({ name: either('glance-direct', 'web-download', 'copy-image', 'glance-download', 'no-such'), uri: texts, glance_image_id: texts, glance_region: texts, glance_service_interface: texts }), value),
  stores: fc.oneof(fc.array(either('fast', 'far'), { maxLength: 3 }), value), all_stores: bool, all_stores_must_succeed: bool, validation_data: value,
});
const json = fc.oneof(
  newImage, patch, importing, named({ member: texts, status: texts }), named({ url: texts, validation_data: value }), named({ type: texts, input: value }), value,
  fc.constantFrom('', '{', '[]', 'null', '"', '{"a":1e999}', '{"name":"n","name":"m"}', `[${'['.repeat(5000)}`, `{"name":"${'x'.repeat(1_200_000)}"}`), fc.string());
const bytes = fc.oneof(fc.constantFrom(Buffer.alloc(0), Buffer.from('QFI\u00fb\u0000\u0000\u0000\u0003', 'latin1'), Buffer.alloc(100_001), Buffer.from([0xff, 0xfe, 0x00])), fc.uint8Array({ maxLength: 600 }).map((data) => Buffer.from(data)));

const segment = fc.oneof(texts.map((text) => encodeURIComponent(text.toWellFormed()).slice(0, 2000)), fc.constantFrom('%', '%ff', '%2F', '..', '.', '%00', '%2e%2e%2f', 'a b'.replace(' ', '%20')));
/** A number stands for one of the images that are there; `nobody's` for one that is not. */
const image = fc.oneof({ weight: 5, arbitrary: fc.nat({ max: 3 }) }, { weight: 1, arbitrary: fc.oneof(fc.constant('11111111-1111-4111-8111-111111111111'), segment) });
const under = fc.oneof(
  fc.constantFrom('', '/file', '/stage', '/import', '/tasks', '/locations', '/actions/deactivate', '/actions/reactivate', '/members', '/history', '/progress', '/actions/nothing'),
  segment.map((text) => `/tags/${text}`), segment.map((text) => `/members/${text}`), segment.map((text) => `/${text}`));
type Place = (ids: readonly string[]) => string;
const idAt = (ids: readonly string[], at: number | string): string => (typeof at === 'string' ? at : ids[at % ids.length] ?? '');
const place: fc.Arbitrary<Place> = fc.oneof(
  { weight: 12, arbitrary: fc.tuple(image, under).map(([at, rest]): Place => (ids) => `/v2/images/${idAt(ids, at)}${rest}`) },
  { weight: 3, arbitrary: fc.constant<Place>(() => '/v2/images') },
  { weight: 1, arbitrary: fc.tuple(segment, image).map(([store, at]): Place => (ids) => `/v2/stores/${store}/${idAt(ids, at)}`) },
  { weight: 1, arbitrary: segment.map((text): Place => () => `/v2/tasks/${text}`) },
  { weight: 2, arbitrary: fc.constantFrom('/v2/tasks', '/v2/cache', '/v2/info/import', '/v2/info/stores', '/v2/info/stores/detail', '/v2/info/usage', '/v2/schemas/image', '/v2/schemas/nothing', '/', '/versions', '/v2', '/v2/', '/v3', '/healthcheck', '//v2//images').map((path): Place => () => path) },
  { weight: 1, arbitrary: fc.tuple(segment, segment).map((both): Place => () => `/${both.join('/')}`) });
const parameter = fc.constantFrom('limit', 'marker', 'sort', 'sort_key', 'sort_dir', 'name', 'status', 'visibility', 'owner', 'tag', 'member_status', 'size_min', 'size_max', 'created_at', 'updated_at', 'protected', 'os_hidden', 'id', 'checksum', 'os_distro', 'type', '__proto__');
const query = fc.oneof(
  { weight: 3, arbitrary: fc.constant('') },
  { weight: 1, arbitrary: fc.array(fc.tuple(parameter, fc.oneof(segment, fc.constantFrom('in:x,y', 'in:', 'gt:2020-01-01T00:00:00Z', 'lt:now', 'name:asc', 'name:sideways', '1', '0', '-1', '1001', 'all'))), { minLength: 1, maxLength: 4 }).map((all) => `?${all.map((pair) => pair.join('=')).join('&')}`) });
const header = fc.constantFrom('content-type', 'accept', 'range', 'content-range', 'x-image-meta-store', 'x-openstack-image-size', 'x-openstack-request-id', 'idempotency-key', 'x-roles', 'x-project-id', 'x-identity-status', 'x-service-token', 'x-forwarded-proto', 'origin', 'prefer', 'if-match', 'content-encoding');
const headerValue = fc.oneof(
  fc.constantFrom('', 'application/json', 'application/octet-stream', 'application/openstack-images-v2.1-json-patch', 'application/openstack-images-v2.0-json-patch', 'text/html', 'bytes=0-', 'bytes=5-1', 'bytes=-99999999999999999999', 'bytes 0-5/6', 'fast', 'nowhere', '12', '-1', '1e9', 'admin', 'gzip', 'x'.repeat(300), '\u00ff\u00fe', '*/*;q=7'),
  fc.string({ maxLength: 20 }).map((text) => text.replaceAll(/[^\u0020-\u007e]/g, '?')));
const headers = fc.dictionary(header, headerValue, { maxKeys: 3, noNullPrototype: true });
const method = fc.constantFrom('GET', 'GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS');
const contentTypes: Readonly<Record<string, string>> = { POST: 'application/json', PUT: 'application/json', PATCH: 'application/openstack-images-v2.1-json-patch' };

interface Told { readonly status: number; readonly text: string; readonly requestId: string; readonly retryAfter: string | null }

function send(path: string, sent: { method: string; who: Who; headers: Readonly<Record<string, string>>; body: Buffer | undefined }): Promise<Told> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(api.url);
    const token: Record<string, string> = sent.who === undefined ? {} : { 'x-auth-token': sent.who };
    const asked = httpRequest({ hostname, port, path, agent, method: sent.method, headers: { ...token, ...sent.headers, ...(sent.body ? { 'content-length': sent.body.length } : {}) } }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('end', () => resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString(), requestId: String(response.headers['x-openstack-request-id']), retryAfter: response.headers['retry-after'] ?? null }));
      response.once('error', reject);
    });
    asked.once('error', reject);
    asked.end(sent.body);
  });
}

const bodyOf = (sent: unknown): Buffer => (Buffer.isBuffer(sent) ? sent : Buffer.from(typeof sent === 'string' ? sent : JSON.stringify(sent) ?? ''));
/** What is refused while data comes has begun an attempt, and ended it. */
const bringsData = (path: string): boolean => /\/(file|stage)$/.test(path.split('?')[0] ?? '');
const open: ReadonlySet<string> = new Set(['/', '/versions', '/v2', '/v2/', '/v3', '/healthcheck']);
const documented: ReadonlySet<number> = new Set([200, 201, 202, 204, 206, 300, 400, 401, 403, 404, 405, 409, 410, 411, 413, 414, 415, 416, 422, 429, 431, 501]);

interface Drawn { readonly method: string; readonly place: Place; readonly query: string; readonly who: Who; readonly headers: Readonly<Record<string, string>>; readonly body: unknown }
const anything: fc.Arbitrary<Drawn> = fc.record({ method, place, query, who, headers, body: fc.option(fc.oneof({ weight: 3, arbitrary: json as fc.Arbitrary<unknown> }, { weight: 1, arbitrary: bytes })) });

/** A request that its route knows, with a body that may be right. */
const fitting = (verb: string, rest: string, body: fc.Arbitrary<unknown>, given: Readonly<Record<string, string>> = {}): fc.Arbitrary<Drawn> =>
  fc.record({ at: fc.oneof({ weight: 9, arbitrary: fc.nat({ max: 3 }) }, { weight: 1, arbitrary: image }), who, sent: body, more: fc.oneof({ weight: 3, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: headers }) }).map(({ at, sent, more, ...by }) =>
    ({ ...by, method: verb, query: '', place: (ids) => (rest === '' && verb === 'POST' ? '/v2/images' : `/v2/images/${idAt(ids, at)}${rest}`), headers: { ...more, ...given }, body: sent }));
const octets = { 'content-type': 'application/octet-stream' };
const known = fc.oneof(
  { weight: 3, arbitrary: fitting('POST', '', newImage) }, { weight: 3, arbitrary: fitting('PATCH', '', patch) }, { weight: 2, arbitrary: fitting('PUT', '/file', bytes, octets) }, fitting('PUT', '/stage', bytes, octets),
  fitting('POST', '/import', importing), fitting('POST', '/locations', named({ url: texts, validation_data: value })), fitting('POST', '/members', named({ member: texts })), fitting('PUT', '/members/third', named({ status: either('accepted', 'rejected') })));
const hostile = fc.oneof(anything, known);

function told(drawn: Drawn, path: string): Promise<Told> {
  const body = drawn.body === null || drawn.method === 'HEAD' ? undefined : bodyOf(drawn.body);
  const type = contentTypes[drawn.method];
  const sent = { method: drawn.method, who: drawn.who, headers: { ...(body && type !== undefined ? { 'content-type': type } : {}), ...drawn.headers }, body };
  return patiently(() => send(path, sent), ({ retryAfter }) => retryAfter);
}

const isOpen = (path: string, { method: verb }: Drawn): boolean => verb === 'OPTIONS' || open.has(path.split('?')[0] ?? '');
/** What the client named himself may be another request's name, too. */
const hasOwnRequestId = (drawn: Drawn): boolean => 'x-openstack-request-id' in drawn.headers;
const isSignedIn = ({ who: person }: Drawn): boolean => person !== undefined && person !== 'garbage';

function faultOf(drawn: Drawn, path: string, { status, text }: Told): string | undefined {
  if (!documented.has(status)) return 'is no answer of the Image API';
  if (drawn.who !== 'admin' && text.includes(secret)) return 'shows what is another project\'s';
  return status < 300 && !isSignedIn(drawn) && !isOpen(path, drawn) ? 'is for nobody who has not signed in' : undefined;
}

/** How many images an administrator finds; none of the refused requests stands in the history of any. */
async function unchangedBy(refused: ReadonlyMap<string, string>): Promise<number> {
  const admin = api.as('admin');
  let found = 0;
  for (let page: string | undefined = '/v2/images?limit=1000&visibility=all'; page !== undefined;) {
    const answer: Answer = await admin.get(page);
    const { images, next } = answer.json<{ images: { id: string }[]; next?: string }>();
    for (const { id } of images) {
      found += 1;
      const { text } = await admin.get(`/v2/images/${id}/history`);
      const what = [...text.matchAll(/"(req-[^"]+)"/g)].map(([, requestId]) => refused.get(requestId ?? '')).find((each) => each !== undefined);
      if (what !== undefined) throw new Error(`${what} was refused, and changed image ${id} all the same`);
    }
    page = next;
  }
  return found;
}

describe('Whatever is sent to the Image API', () => {
  it('is answered, is no fault of ours, is not half done, and shows nobody what is another project\'s', async () => {
    process.stderr.write(`hostile requests: HELIOGRAPH_SEED=${seed} HELIOGRAPH_HOSTILE_RUNS=${runs}\n`);
    const secretId = await api.as('alt').activeImage('hidden bytes', { name: secret, note: secret });
    const someImages = async (): Promise<string[]> => [await api.as('demo').image({ disk_format: 'raw', container_format: 'bare' }), await api.as('demo').activeImage(), await api.as('admin').activeImage('public bytes', { visibility: 'public' })];
    let [ids, made] = [await someImages(), 0];
    const refused = new Map<string, string>();
    const seen = new Map<number, number>();
    await fc.assert(fc.asyncProperty(hostile, async (drawn) => {
      made += 1;
      // What was deleted or changed beyond use makes room for others.
      if (made % 25 === 0) ids = await someImages();
      // An administrator may do with the secret what he likes.
      const path = drawn.place(drawn.who === 'admin' ? ids : [...ids, secretId]) + drawn.query;
      const answer = await told(drawn, path);
      seen.set(answer.status, (seen.get(answer.status) ?? 0) + 1);
      const fault = faultOf(drawn, path, answer);
      if (fault !== undefined) throw new Error(`${drawn.method} ${path} by ${drawn.who ?? 'nobody'}: ${answer.status} ${fault}: ${answer.text.slice(0, 1000)}`);
      if (answer.status >= 400 && !bringsData(path) && !hasOwnRequestId(drawn)) refused.set(answer.requestId, `${drawn.method} ${path}`);
    }), { numRuns: runs, seed, endOnFailure: true });

    process.stderr.write(`${[...seen].toSorted(([one], [other]) => one - other).map(([status, times]) => `${status}: ${times}`).join(', ')}\n`);
    // Requests that never get past the door test nothing.
    if (runs >= 2000) expect([...seen.keys()]).toEqual(expect.arrayContaining([200, 201, 204, 400, 401, 403, 404, 409, 415]));
    expect(await unchangedBy(refused)).toBeGreaterThan(3);
    expect((await api.as('alt').get(`/v2/images/${secretId}`)).json()).toMatchObject({ name: secret, note: secret, visibility: 'shared', status: 'active' });
    const folders = await Promise.all((await readdir(api.imagesDir)).map((store) => readdir(`${api.imagesDir}/${store}`)));
    expect(folders.flat().filter((name) => !/^(\.incoming|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$/.test(name))).toEqual([]);
    expect(faultsIn(api.logged)).toEqual([]);
  }, 3_000_000);
});
