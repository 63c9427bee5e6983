import { Problem, type MetadefTag, type Namespace } from '#libs/domain';
import { wholeNumber } from '../images/query.js';
import { oneOf, sortDirectionOf } from './namespace-list.js';

/** Columns that tags can be sorted by, under Glance's names; the place in the namespace is the order of creation, and breaks ties. */
const sortKeys = ['created_at', 'updated_at', 'name', 'id'] as const;

interface Placed { readonly tag: MetadefTag; readonly place: number }

const compare: Readonly<Record<(typeof sortKeys)[number], (a: Placed, b: Placed) => number>> = {
  created_at: (a, b) => a.tag.createdAt.getTime() - b.tag.createdAt.getTime(),
  updated_at: (a, b) => a.tag.updatedAt.getTime() - b.tag.updatedAt.getTime(),
  name: (a, b) => (a.tag.name === b.tag.name ? 0 : a.tag.name < b.tag.name ? -1 : 1),
  id: (a, b) => a.place - b.place,
};

/**
 * The tags that `GET …/tags` asks for: newest first unless it says otherwise, all of them without a limit. A namespace is bounded, so its tags are sorted here.
 * Refuses: InvalidRequest, MetadefTagNotFound for a marker that is no tag.
 */
export function tagPage({ name: namespace, tags }: Namespace, query: URLSearchParams): readonly MetadefTag[] {
  const limit = wholeNumber('limit', query.get('limit') || undefined, { min: 0 });
  const direction = sortDirectionOf(query) === 'asc' ? 1 : -1;
  const by = compare[oneOf('sort_key', sortKeys, query.get('sort_key') ?? 'created_at')];
  const visibility = query.get('visibility');
  if (visibility) oneOf('visibility', ['public', 'private', 'shared'], visibility);
  const sorted = tags.map((tag, place): Placed => ({ tag, place }))
    .sort((a, b) => direction * (by(a, b) || compare.created_at(a, b) || compare.id(a, b))).map(({ tag }) => tag);
  const marker = query.get('marker');
  const from = marker ? sorted.findIndex(({ name }) => name === marker) + 1 : 0;
  if (marker && from === 0) throw new Problem('MetadefTagNotFound', { namespace, name: marker });
  return sorted.slice(from, limit === undefined ? undefined : from + limit);
}
