import { Problem } from '#libs/domain';
import type { SortBy, SortDirection, SortKey } from '#libs/read-model';

const sortKeys = ['name', 'status', 'container_format', 'disk_format', 'size', 'id', 'created_at', 'updated_at'] as const satisfies readonly SortKey[];
const defaultDirection = 'desc';

const refuse = (detail: string): never => { throw new Problem('InvalidRequest', { detail }); };

/** The order of a list: `sort=key:dir,…`, or `sort_key` and `sort_dir`, repeated; nothing given is newest first. Source: API.md section 7. */
export function sortOf(query: URLSearchParams): SortBy[] {
  const keys = query.getAll('sort_key');
  const directions = query.getAll('sort_dir');
  const sort = query.getAll('sort').at(-1) ?? null;
  if (sort === null) return fromKeys(keys, directions);
  if (keys.length + directions.length > 0) refuse('Use either sort, or sort_key with sort_dir; not both.');
  return sort.split(',').map((part) => {
    const [key = '', direction = '', ...rest] = part.trim().split(':');
    if (rest.length > 0) refuse(`The parameter sort must look like name:asc,size:desc.`);
    return { key: keyOf(key), direction: directionOf(direction.trim() || defaultDirection) };
  });
}

function fromKeys(keys: readonly string[], directions: readonly string[]): SortBy[] {
  const wanted = keys.length > 0 ? keys : ['created_at'];
  if (directions.length > 1 && directions.length !== wanted.length) refuse('There must be one sort_dir for all sort_keys, or one for each.');
  return wanted.map((key, place) => ({
    key: keyOf(key), direction: directionOf((directions.length === 1 ? directions[0] : directions[place]) ?? defaultDirection),
  }));
}

const keyOf = (key: string): SortKey =>
  sortKeys.find((each) => each === key.trim()) ?? refuse(`Images cannot be sorted by ${key}. Use one of ${sortKeys.join(', ')}.`);

const directionOf = (direction: string): SortDirection =>
  (['asc', 'desc'] as const).find((each) => each === direction.trim()) ?? refuse(`The direction ${direction} is neither asc nor desc.`);
