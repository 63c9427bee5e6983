import { setTimeout as pause } from 'node:timers/promises';
import { imageEndpointOf } from '#libs/identity';
import type { ShownImage } from '#libs/domain';
import { imageApi } from '../remote-region.js';
import type { Cloud } from './clouds.js';
import { shownImage } from './shown-image.js';

/** A region's image service said no, or nothing that can be used. `status` 0: it was not reached. */
export class RegionFailure extends Error {
  override readonly name = 'RegionFailure';
  constructor(readonly region: string, readonly status: number, detail: string) {
    super(status === 0 ? `region ${region} cannot be reached: ${detail}` : `region ${region} answered ${status}: ${detail}`);
  }
}

/** The Image API of one region, with the operator's account: Glance's or Heliograph's. Everything may be asked twice: what is there already is no failure. */
export interface ImageApi {
  readonly region: string;
  /** Every image that the filters let pass, visible and hidden ones, page by page. */
  list(filters: Readonly<Record<string, string>>): Promise<ShownImage[]>;
  /** Only the first few. */
  first(filters: Readonly<Record<string, string>>): Promise<ShownImage[]>;
  /** Undefined where there is none. */
  show(id: string): Promise<ShownImage | undefined>;
  /** `taken`: there is or was an image of that id. */
  create(body: Readonly<Record<string, unknown>>): Promise<ShownImage | 'taken'>;
  change(id: string, changes: readonly object[]): Promise<void>;
  /** An image that is not there is deleted already. */
  remove(id: string): Promise<void>;
  act(id: string, action: 'deactivate' | 'reactivate'): Promise<void>;
  members(id: string): Promise<string[]>;
  addMember(id: string, member: string): Promise<void>;
  removeMember(id: string, member: string): Promise<void>;
  importMethods(): Promise<readonly string[]>;
  /** Lets the region fetch the data from another one by itself. An import that runs already is that one. */
  download(id: string, from: { readonly region: string; readonly imageId: string; readonly interface: string }): Promise<void>;
  /** Why the last import failed, where it says so. */
  lastFailure(id: string): Promise<string | undefined>;
  /** Where its data can be read and written, and the token that it takes. */
  access(): Promise<{ readonly endpoint: string; readonly token: string }>;
}

interface Asked { readonly body?: unknown; readonly type?: string; readonly allowed?: readonly number[] }
interface Given { readonly status: number; readonly json: unknown }

const pageSize = 500;
const mostListed = 100_000;
const answerTimeoutMs = 60_000;
const usualRetriesMs: readonly number[] = [200, 500, 1000, 2000, 4000];
const patchType = 'application/openstack-images-v2.1-json-patch';

export function createImageApi({ region, account, interface: face }: Cloud, signal: AbortSignal, retriesMs = usualRetriesMs): ImageApi {
  async function access(): Promise<{ endpoint: string; token: string }> {
    const { token, catalog } = await account.signedIn().catch((error: unknown) => { throw new RegionFailure(region, 0, reasonOfIdentity(error)); });
    const endpoint = imageEndpointOf(catalog, { region, interface: face });
    if (endpoint === undefined) throw new RegionFailure(region, 0, `the catalogue of the operator's account has no image service there with the interface ${face}`);
    return { endpoint: imageApi(endpoint), token };
  }

  async function askOnce(method: string, path: string, { body, type = 'application/json' }: Asked): Promise<Given> {
    const { endpoint, token } = await access();
    const response = await fetch(endpoint + path, {
      method, redirect: 'error', signal: AbortSignal.any([signal, AbortSignal.timeout(answerTimeoutMs)]),
      headers: { 'x-auth-token': token, accept: 'application/json', ...(body === undefined ? {} : { 'content-type': type }) }, ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (response.status === 401) account.refused(token);
    return { status: response.status, json: jsonIn(text) };
  }

  /** Asks again where nobody answered, or only in passing. */
  async function ask(method: string, path: string, asked: Asked = {}): Promise<Given> {
    for (let tries = 0; ; tries += 1) {
      const waitMs = retriesMs[tries];
      try {
        const given = await askOnce(method, path, asked);
        if (given.status < 300 || asked.allowed?.includes(given.status)) return given;
        throw new RegionFailure(region, given.status, messageIn(given.json));
      } catch (error) {
        signal.throwIfAborted();
        const failure = error instanceof RegionFailure ? error : new RegionFailure(region, 0, reasonOf(error));
        if (waitMs === undefined || !isPassing(failure.status)) throw failure;
      }
      await pause(waitMs, undefined, { signal });
    }
  }

  const imagesOf = (json: unknown): ShownImage[] => listIn(json, 'images').map(shownImage).filter((image) => image !== undefined);

  async function listSome(filters: Readonly<Record<string, string>>): Promise<ShownImage[]> {
    const found: ShownImage[] = [];
    for (let marker: string | undefined; ;) {
      const query = new URLSearchParams({ visibility: 'all', limit: String(pageSize), sort_key: 'created_at', sort_dir: 'asc', ...filters, ...(marker === undefined ? {} : { marker }) });
      const { json } = await ask('GET', `/v2/images?${query.toString()}`);
      const page = imagesOf(json);
      found.push(...page);
      marker = page.at(-1)?.id;
      if (found.length > mostListed) throw new RegionFailure(region, 200, `it has more than ${mostListed} images that might fit; make the filter narrower`);
      if (marker === undefined || (json as { next?: unknown }).next === undefined) return found;
    }
  }

  const done = async (method: string, path: string, asked: Asked = {}): Promise<void> => { await ask(method, path, asked); };
  const members = (id: string): string => `/v2/images/${id}/members`;
  return {
    region, access,
    list: async (filters) => [...await listSome(filters), ...await listSome({ ...filters, os_hidden: 'true' })],
    first: async (filters) => imagesOf((await ask('GET', `/v2/images?${new URLSearchParams({ visibility: 'all', limit: '5', ...filters }).toString()}`)).json),
    async show(id) {
      const { status, json } = await ask('GET', `/v2/images/${id}`, { allowed: [404] });
      if (status === 404) return undefined;
      const image = shownImage(json);
      if (!image) throw new RegionFailure(region, status, 'what it shows is not an image');
      return image;
    },
    async create(body) {
      const { status, json } = await ask('POST', '/v2/images', { body, allowed: [409] });
      return status === 409 ? 'taken' : shownImage(json) ?? 'taken';
    },
    change: (id, body) => done('PATCH', `/v2/images/${id}`, { body, type: patchType }),
    remove: (id) => done('DELETE', `/v2/images/${id}`, { allowed: [404] }),
    act: (id, action) => done('POST', `/v2/images/${id}/actions/${action}`),
    members: async (id) => listIn((await ask('GET', members(id), { allowed: [403] })).json, 'members').flatMap((each) => textsIn((each as { member_id?: unknown }).member_id)),
    addMember: (id, member) => done('POST', members(id), { body: { member }, allowed: [409] }),
    removeMember: (id, member) => done('DELETE', `${members(id)}/${encodeURIComponent(member)}`, { allowed: [404] }),
    async importMethods() {
      const { json } = await ask('GET', '/v2/info/import', { allowed: [404] });
      return listIn((json as { 'import-methods'?: unknown } | undefined)?.['import-methods'], 'value').flatMap(textsIn);
    },
    download: (id, from) => done('POST', `/v2/images/${id}/import`, {
      allowed: [409], body: { method: { name: 'glance-download', glance_region: from.region, glance_image_id: from.imageId, glance_service_interface: from.interface } },
    }),
    async lastFailure(id) {
      const tasks = listIn((await ask('GET', `/v2/images/${id}/tasks`, { allowed: [403, 404] })).json, 'tasks') as { message?: unknown; status?: unknown; created_at?: unknown }[];
      const failed = tasks.filter(({ status }) => status === 'failure').toSorted((one, other) => String(one.created_at).localeCompare(String(other.created_at)));
      return textsIn(failed.at(-1)?.message)[0]?.slice(0, 500);
    },
  };
}

const isPassing = (status: number): boolean => status === 0 || status === 401 || status === 429 || status >= 500;
const textsIn = (value: unknown): string[] => (typeof value === 'string' && value !== '' ? [value] : []);

function listIn(json: unknown, name: string): unknown[] {
  const list = (json as Readonly<Record<string, unknown>> | null | undefined)?.[name];
  return Array.isArray(list) ? list : [];
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return { message: text };
  }
}

/** The sentence of a refusal, without the markup that Glance wraps it in. */
function messageIn(json: unknown): string {
  const { message, error } = (json ?? {}) as { message?: unknown; error?: { message?: unknown } };
  const text = textsIn(message)[0] ?? textsIn(error?.message)[0] ?? 'no reason was given';
  return text.replaceAll(/<title>[^<]*<\/title>|<[^>]*>/g, ' ').replaceAll(/\s+/g, ' ').trim().slice(0, 300);
}

/** Keystone answered, and not with a token: then somebody must look at the account. */
const reasonOfIdentity = (error: unknown): string =>
  (error instanceof Error && /^our own service user/.test(error.message) ? 'the identity service does not let the operator\'s account in' : `the identity service does not answer (${reasonOf(error)})`);

/** Says nothing of addresses. */
function reasonOf(error: unknown): string {
  const cause = (error as { cause?: { code?: unknown } } | undefined)?.cause;
  if (typeof cause?.code === 'string') return cause.code;
  return error instanceof DOMException ? 'it did not answer in time' : 'the connection failed';
}
