/**
 * One Image API as the differential test talks to it: every request is sent as it is written, whatever a well-behaved client would do to
 * it, and of every answer is kept what two implementations must share. Identifiers are chosen by the test, the same for both.
 */
import { createHash } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { isDeepStrictEqual } from 'node:util';
import { basename } from 'node:path';

export const patchV21 = 'application/openstack-images-v2.1-json-patch';
export const patchV20 = 'application/openstack-images-v2.0-json-patch';
const answersWithinMs = 60_000;

/** Headers in which the two must agree, where either has them. */
const comparedHeaders = [
  'accept-patch', 'allow', 'content-md5', 'content-range', 'content-type', 'location', 'openstack-image-import-methods', 'openstack-image-store-ids', 'www-authenticate',
];

/** Tokens and project ids of the personas, from a real Keystone. */
export async function personas(authUrl, password) {
  const scopes = { project: (name) => ({ project: { name, domain: { id: 'default' } } }), system: () => ({ system: { all: true } }), none: () => undefined };
  const wanted = {
    admin: ['admin', 'project', 'admin'], demo: ['demo', 'project', 'demo'], demo_reader: ['demo_reader', 'project', 'demo'],
    alt_demo: ['alt_demo', 'project', 'alt_demo'], alt_demo_reader: ['alt_demo_reader', 'project', 'alt_demo'],
    system: ['admin', 'system'], unscoped: ['demo', 'none'],
  };
  const tokens = { garbage: 'gAAAAAnonsense', empty: '' };
  const projects = {};
  for (const [persona, [name, scope, project]] of Object.entries(wanted)) {
    const auth = { identity: { methods: ['password'], password: { user: { name, password, domain: { id: 'default' } } } }, scope: scopes[scope](project) ?? 'unscoped' };
    const answer = await fetch(`${authUrl}/auth/tokens`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ auth }) });
    if (answer.status !== 201) throw new Error(`Keystone gives ${name} no token: ${answer.status} ${await answer.text()}`);
    tokens[persona] = answer.headers.get('x-subject-token');
    if (project) projects[project] = (await answer.json()).token.project.id;
  }
  return { tokens, projects };
}

/** `seed` makes the identifiers of one run; `record` is told of every compared answer. */
export function siteAt(url, { tokens, projects, seed, record }) {
  const id = (label) => uuidFrom(`${seed} ${label}`);

  async function exchange(persona, method, path, { headers = {}, json, body } = {}) {
    const sent = body ?? (json === undefined ? undefined : JSON.stringify(json));
    const token = tokens[persona];
    const answer = await send(url, method, path, sent, {
      accept: 'application/json', ...(token === undefined ? {} : { 'x-auth-token': token }), ...(json === undefined ? {} : { 'content-type': 'application/json' }), ...headers,
    });
    return { ...answer, json: asJson(answer) };
  }

  /** A request that only prepares; it must succeed. */
  async function prepare(persona, method, path, options) {
    const answer = await exchange(persona, method, path, options);
    if (answer.status >= 400) throw new Error(`${url}: preparing by ${method} ${path} failed with ${answer.status}: ${answer.text.slice(0, 300)}`);
    return answer;
  }

  /** A request whose answer is compared under this name. */
  async function compare(name, persona, method, path, options) {
    const answer = await exchange(persona, method, path, options);
    record(name, normalised(answer, { url, method, ids: options?.anyId === true }));
    return answer;
  }

  async function image(label, attributes = {}, persona = 'demo') {
    const imageId = id(label);
    await prepare(persona, 'POST', '/v2/images', { json: { id: imageId, name: label, disk_format: 'raw', container_format: 'bare', ...attributes } });
    return imageId;
  }

  const octets = { 'content-type': 'application/octet-stream' };
  return {
    id, projects, exchange, prepare, compare, image, octets,
    /** An image with data. */
    async active(label, attributes, persona = 'demo', data = 'some bytes of an image') {
      const imageId = await image(label, attributes, persona);
      await prepare(persona, 'PUT', `/v2/images/${imageId}/file`, { headers: octets, body: data });
      return imageId;
    },
    patch: (name, persona, imageId, operations, mediaType = patchV21) =>
      compare(name, persona, 'PATCH', `/v2/images/${imageId}`, { headers: { 'content-type': mediaType }, body: typeof operations === 'string' ? operations : JSON.stringify(operations) }),
    show: (name, persona, imageId) => compare(name, persona, 'GET', `/v2/images/${imageId}`),
  };
}

function send(url, method, path, body, headers) {
  const { hostname, port } = new URL(url);
  const isStream = Array.isArray(body);
  const length = body === undefined || isStream || 'content-length' in headers ? {} : { 'content-length': Buffer.byteLength(body) };
  return new Promise((resolve, reject) => {
    const request = httpRequest({ hostname, port, method, path, agent: false, timeout: answersWithinMs, headers: Object.fromEntries(Object.entries({ ...length, ...headers }).filter(([, value]) => value !== undefined)) }, (answer) => {
      const chunks = [];
      answer.on('data', (chunk) => chunks.push(chunk));
      answer.on('error', reject);
      answer.on('end', () => resolve({ status: answer.statusCode, headers: answer.headers, text: Buffer.concat(chunks).toString() }));
    });
    request.on('timeout', () => request.destroy(new Error(`${method} ${path} got no answer within ${answersWithinMs / 1000} s`)));
    request.on('error', (error) => error.code === 'ECONNRESET' ? resolve({ status: 'connection cut', headers: {}, text: '' }) : reject(error));
    if (isStream) for (const chunk of body) request.write(chunk);
    request.end(isStream ? undefined : body);
  });
}

function asJson({ headers, text }) {
  if (!/^application\/json/.test(headers['content-type'] ?? '')) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What of an answer must be the same everywhere: no times, hosts, ids that a server chose, and no sentences for people. */
function normalised({ status, headers, text, json }, { url, method, ids }) {
  const kept = { status };
  const hasBody = method !== 'HEAD' && status !== 204;
  for (const name of comparedHeaders) {
    if (headers[name] !== undefined && (hasBody || name !== 'content-type')) kept[name] = headerValue(name, headers[name], url);
  }
  kept['x-openstack-request-id'] = /^req-/.test(headers['x-openstack-request-id'] ?? '') ? 'req-…' : headers['x-openstack-request-id'] ?? 'absent';
  kept.body = json === undefined ? textShape(status, text) : status >= 400 ? errorShape(json) : value(json, url);
  return ids ? JSON.parse(JSON.stringify(kept).replaceAll(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '<id>')) : kept;
}

/** Parameters of a link have no order. */
const link = (text) => {
  const [path, query = ''] = text.split('?');
  return [path, ...query.split('&').toSorted()];
};

function headerValue(name, text, url) {
  if (name === 'accept-patch') return text.split(',').map((each) => each.trim()).sort().join(', ');
  if (name === 'allow') return text.split(',').map((each) => each.trim()).sort().join(', ');
  if (name === 'content-type') return text.toLowerCase().replaceAll(' ', '');
  return text.replace(url, '<url>').replaceAll(/https?:\/\/127\.0\.0\.1:\d+/g, '<url>');
}

/** Of an error only its form is kept: the sentences are ours. */
const errorShape = (json) => ({ ...json, ...('message' in json ? { message: '<sentence>' } : {}) });

function textShape(status, text) {
  if (status < 300) return text;
  const title = /<title>(.*?)<\/title>/s.exec(text)?.[1]?.trim();
  return title === undefined ? text.split('\n')[0] : `page: ${title}`;
}

const moment = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;

function value(json, url) {
  if (Array.isArray(json)) return json.map((each) => value(each, url));
  if (typeof json === 'string') return moment.test(json) ? '<moment>' : json.replaceAll(url, '<url>');
  if (typeof json !== 'object' || json === null) return json;
  return Object.fromEntries(Object.entries(json).map(([name, each]) => [name, field(name, each, url)]));
}

function field(name, each, url) {
  if (name === 'tags' && Array.isArray(each)) return each.toSorted();
  if (name === 'members' && Array.isArray(each)) return value(each.toSorted((one, other) => one.member_id < other.member_id ? -1 : 1), url);
  if (name === 'next' || name === 'first') return link(each);
  // Each has directories of its own.
  return name === 'data_dir' ? basename(each) : value(each, url);
}

/** The parts in which two answers differ, one line each; where the status differs, that alone. */
export function differences(ours, theirs, path = '') {
  if (isDeepStrictEqual(ours, theirs)) return [];
  if (path === '' && ours.status !== theirs.status) return [`status: Glance ${theirs.status}, Heliograph ${ours.status}`];
  if (path === 'body.images' && named(ours) !== named(theirs)) return [`${path}: Glance ${named(theirs)}, Heliograph ${named(ours)}`];
  if (![ours, theirs].every((each) => typeof each === 'object' && each !== null)) return [`${path}: Glance ${short(theirs)}, Heliograph ${short(ours)}`];
  return [...new Set([...Object.keys(theirs), ...Object.keys(ours)])].flatMap((name) => differences(ours[name], theirs[name], path ? `${path}.${name}` : name));
}

const named = (images) => short(Array.isArray(images) ? images.map(({ name }) => name) : images);

const short = (each) => {
  const text = JSON.stringify(each) ?? 'nothing';
  return text.length > 300 ? `${text.slice(0, 300)}…` : text;
};

export const uuidFrom = (text) => {
  const hex = createHash('sha256').update(text).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
};
