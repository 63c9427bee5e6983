import { memberStatuses, Problem, visibilities } from '#libs/domain';
import type { ImageListQuery, NumberCondition } from '#libs/read-model';
import { listCondition, timeCondition } from './list-conditions.js';
import { sortOf } from './list-sort.js';
import { wholeNumber } from './query.js';

export interface ListLimits { readonly limitParamDefault: number; readonly apiLimitMax: number }

type Draft = { -readonly [Name in keyof ImageListQuery]: ImageListQuery[Name] };
type Reader = (draft: Draft, value: string, name: string) => void;

/** `GET /v2/images` as the read model is asked it. Refuses with InvalidRequest what Glance refuses; unknown names are properties to match. Source: API.md section 7. */
export function listQuery(query: URLSearchParams, { limitParamDefault, apiLimitMax, listCommunityImages = false }: ListLimits & { readonly listCommunityImages?: boolean }): ImageListQuery {
  const limit = wholeNumber('limit', query.getAll('limit').at(-1), { min: 0 }) ?? limitParamDefault;
  const draft: Draft = { limit: Math.min(limit, apiLimitMax), sort: sortOf(query), tags: query.getAll('tag') };
  const marker = query.getAll('marker').at(-1);
  if (marker !== undefined) draft.marker = marker.toLowerCase();
  for (const name of new Set(query.keys())) {
    if (!paging.has(name)) readerOf(name)(draft, query.getAll(name).at(-1) ?? '', name);
  }
  if (listCommunityImages) draft.visibility ??= 'all';
  return draft;
}

const readerOf = (name: string): Reader => (Object.hasOwn(readers, name) ? readers[name] : undefined) ?? property;

const property: Reader = (draft, value, name) => {
  draft.properties = Object.fromEntries([...Object.entries(draft.properties ?? {}), [name, value]]);
};

/** Read elsewhere; `deleted` is ignored, as Glance ignores it: deleted images are in no list. */
const paging: ReadonlySet<string> = new Set(['limit', 'marker', 'sort', 'sort_key', 'sort_dir', 'tag', 'deleted']);

const refuse = (detail: string): never => { throw new Problem('InvalidRequest', { detail }); };

const within = (field: 'sizeBytes' | 'virtualSizeBytes' | 'minDisk' | 'minRam', bound: keyof NumberCondition): Reader => (draft, value, name) => {
  const number = wholeNumber(name, value);
  if (number !== undefined) draft[field] = { ...draft[field], [bound]: number };
};

const list = (field: 'name' | 'id' | 'status' | 'containerFormat' | 'diskFormat'): Reader => (draft, value, name) => {
  const values = listCondition(name, value);
  draft[field] = field === 'id' ? values.map((id) => id.toLowerCase()) : values;
};

const plain = (field: 'owner' | 'checksum' | 'osHashAlgo' | 'osHashValue'): Reader => (draft, value) => { draft[field] = value; };
const time = (field: 'createdAt' | 'updatedAt'): Reader => (draft, value, name) => { draft[field] = [timeCondition(name, value)]; };

const readers: Readonly<Record<string, Reader>> = {
  visibility(draft, value) {
    const allowed = [...visibilities, 'all'] as const;
    draft.visibility = allowed.find((each) => each === value) ?? refuse(`The parameter visibility must be one of ${allowed.join(', ')}.`);
  },
  member_status(draft, value) {
    const allowed = [...memberStatuses, 'all'] as const;
    draft.memberStatus = allowed.find((each) => each === value) ?? refuse(`The parameter member_status must be one of ${allowed.join(', ')}.`);
  },
  os_hidden(draft, value) {
    draft.isHidden = booleanOf(value.toLowerCase()) ?? refuse('The parameter os_hidden must be true or false.');
  },
  protected(draft, value) {
    draft.isProtected = booleanOf(value) ?? refuse('The parameter protected must be true or false, in lower case.');
  },
  'changes-since': () => refuse('The parameter changes-since is not known here. Use updated_at=gte:<time>.'),
  owner: plain('owner'),
  checksum: plain('checksum'),
  os_hash_algo: plain('osHashAlgo'),
  os_hash_value: plain('osHashValue'),
  name: list('name'),
  id: list('id'),
  status: list('status'),
  container_format: list('containerFormat'),
  disk_format: list('diskFormat'),
  created_at: time('createdAt'),
  updated_at: time('updatedAt'),
  size: within('sizeBytes', 'equals'),
  size_min: within('sizeBytes', 'min'),
  size_max: within('sizeBytes', 'max'),
  virtual_size: within('virtualSizeBytes', 'equals'),
  virtual_size_min: within('virtualSizeBytes', 'min'),
  virtual_size_max: within('virtualSizeBytes', 'max'),
  min_disk: within('minDisk', 'equals'),
  min_disk_min: within('minDisk', 'min'),
  min_disk_max: within('minDisk', 'max'),
  min_ram: within('minRam', 'equals'),
  min_ram_min: within('minRam', 'min'),
  min_ram_max: within('minRam', 'max'),
};

const booleanOf = (text: string): boolean | undefined => text === 'true' ? true : text === 'false' ? false : undefined;

