import { metadefVisibilities, Problem } from '#libs/domain';
import { namespaceSortKeys, type NamespaceListQuery, type SortDirection } from '#libs/read-model';
import type { ListLimits } from '../images/list-query.js';
import { wholeNumber } from '../images/query.js';

const refuse = (detail: string): never => { throw new Problem('InvalidRequest', { detail }); };

/** `GET /v2/metadefs/namespaces` as the read model is asked it; unknown parameters mean nothing. Refuses: InvalidRequest. Source: API.md section 18. */
export function namespaceListQuery(query: URLSearchParams, { limitParamDefault, apiLimitMax }: ListLimits): NamespaceListQuery {
  const limit = wholeNumber('limit', query.get('limit') ?? undefined, { min: 0 }) ?? limitParamDefault;
  const sortKey = oneOf('sort_key', namespaceSortKeys, query.get('sort_key') ?? 'created_at');
  const [marker, resourceTypes] = [query.get('marker'), query.get('resource_types')];
  const visibility = visibilityOf(query);
  return {
    limit: Math.min(limit, apiLimitMax), sortKey, sortDirection: sortDirectionOf(query),
    ...(marker === null ? {} : { marker }), ...(visibility === undefined ? {} : { visibility }),
    ...(resourceTypes === null ? {} : { resourceTypes: resourceTypes.split(',') }),
  };
}

/** An empty visibility is none that a namespace has: Glance lists nothing then. */
function visibilityOf(query: URLSearchParams): NamespaceListQuery['visibility'] {
  const value = query.get('visibility');
  if (value === null) return undefined;
  return value === '' ? 'none' : oneOf('visibility', metadefVisibilities, value);
}

/** Newest first unless said otherwise. */
export const sortDirectionOf = (query: URLSearchParams): SortDirection => oneOf('sort_dir', ['asc', 'desc'], query.get('sort_dir') ?? 'desc');

export const oneOf = <Word extends string>(name: string, words: readonly Word[], value: string): Word =>
  words.find((word) => word === value) ?? refuse(`The parameter ${name} must be one of ${words.join(', ')}.`);

/** A link to the first page, or to the one after `marker`, with every other parameter kept. */
export function namespacesLink(query: URLSearchParams, marker?: string): string {
  const kept = [...query].filter(([name]) => name !== 'marker');
  const asked = new URLSearchParams(marker === undefined ? kept : [...kept, ['marker', marker]]).toString();
  return asked === '' ? '/v2/metadefs/namespaces' : `/v2/metadefs/namespaces?${asked}`;
}
