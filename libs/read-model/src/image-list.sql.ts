import { isLowerUuid } from '#libs/contracts';
import { shelfOf, shelfSql } from './shelf.js';
import type { ImageListQuery, ImageRange, NumberCondition, SortBy, SortKey, TimeCondition } from './image-list.query.js';

/** SQL and its parameters, grown together: `add` gives back the placeholder of a value. */
export interface Parameters {
  readonly values: unknown[];
  add(value: unknown, type?: string): string;
}

export function parameters(): Parameters {
  const values: unknown[] = [];
  return {
    values,
    add(value, type) {
      values.push(value);
      return `$${values.length}${type === undefined ? '' : `::${type}`}`;
    },
  };
}

/**
 * The value that an image is sorted by. Without one it comes before all others, as where Glance runs on MySQL; so no key is ever null.
 * Texts sort by code point, whatever the locale of the database.
 */
const sortExpressions: Record<SortKey, { readonly sql: string; readonly type: string }> = {
  name: { sql: `coalesce(i.name, '')`, type: 'text' },
  status: { sql: 'i.status', type: 'text' },
  container_format: { sql: `coalesce(i.container_format, '')`, type: 'text' },
  disk_format: { sql: `coalesce(i.disk_format, '')`, type: 'text' },
  size: { sql: 'coalesce(i.size_bytes, -1)', type: 'bigint' },
  id: { sql: 'i.id', type: 'uuid' },
  created_at: { sql: 'i.created_at', type: 'timestamptz' },
  updated_at: { sql: 'i.updated_at', type: 'timestamptz' },
};

/** In the index of a member's shares the image's `created_at` and id stand as columns of the membership. */
const shareExpressions: Partial<Record<SortKey, string>> = { created_at: 'm.image_created_at', id: 'm.image_id' };

/** The sort values of the marker, in order, as texts. */
export type MarkerValues = readonly string[];

export const sortValues = (order: readonly SortBy[]): string =>
  `json_build_array(${order.map(({ key }) => `(${sortExpressions[key].sql})::text`).join(', ')})`;

/** What a statement about a page asks, and what it is asked with. */
export interface ListSql { readonly text: string; readonly values: unknown[] }
interface Merged { readonly sql: string; readonly keys: string; readonly values: unknown[] }

/** One page of a list, as JSON, beside the position that it was read at. Ids are found and merged first: whole rows are read only of the page. */
export function listSql(ranges: readonly ImageRange[], query: ImageListQuery, order: readonly SortBy[], marker: MarkerValues | undefined): ListSql {
  const { sql, keys, values } = mergedSql(ranges, query, order, marker);
  return {
    text: `select sequence as position, (select coalesce(json_agg(i order by page.place), '[]')
      from (select id, row_number() over (order by ${keys}) as place from (${sql}) merged) page join images i on i.id = page.id) as rows from position`,
    values,
  };
}

/** The stamps of the same page, in its order, with a blank between them; null for an empty page. */
export function stampsSql(ranges: readonly ImageRange[], query: ImageListQuery, order: readonly SortBy[], marker: MarkerValues | undefined): ListSql {
  const { sql, keys, values } = mergedSql(ranges, query, order, marker);
  return { text: `select sequence as position, (select string_agg(${stampOf('page', 'written')}, ' ' order by ${keys}) from (${sql}) page) as stamps from position`, values };
}

/** What an image's row is known by: whoever writes it again, even the same, writes it in another transaction. */
export const stampOf = (table: string, writtenBy: string): string => `${table}.id || ':' || ${table}.sequence || ':' || ${table}.${writtenBy}`;

/** Rows as they are now, each with its stamp. */
export const stampedRowsSql = `select ${stampOf('i', 'xmin')} as stamp, to_json(i)::text as row from images i where i.id = any($1::uuid[])`;

function mergedSql(ranges: readonly ImageRange[], query: ImageListQuery, order: readonly SortBy[], marker: MarkerValues | undefined): Merged {
  const into = parameters();
  const limit = String(Math.trunc(query.limit));
  const selects = ranges.map((range) => `(${rangeSql(range, query, order, marker, limit, into)})`);
  const keys = order.map(({ direction }, place) => `k${place} ${direction}`).join(', ');
  const none = `select null::uuid as id, 0 as sequence, 0 as written, ${order.map((_, place) => `0 as k${place}`).join(', ')} where false`;
  return { sql: selects.length === 0 ? none : `select * from (${selects.join(' union all ')}) ranges order by ${keys} limit ${limit}`, keys, values: into.values };
}

function rangeSql(range: ImageRange, query: ImageListQuery, order: readonly SortBy[], marker: MarkerValues | undefined, limit: string, into: Parameters): string {
  const expressions = order.map(({ key }) => (range.sharedWith ? shareExpressions[key] : undefined) ?? sortExpressions[key].sql);
  const several = range.sharedWith ? undefined : severalValues(query);
  const conditions = [
    ...rangeConditions(range, query.isHidden === true, into),
    ...conditionsOf(query, into, several),
    ...(marker ? [afterMarker(order, expressions, marker, into)] : []),
  ];
  const from = range.sharedWith ? 'image_members m join images i on i.id = m.image_id' : 'images i';
  const keys = expressions.map((sql, place) => `${sql} as k${place}`).join(', ');
  const by = expressions.map((sql, place) => `${sql} ${order[place]?.direction ?? 'asc'}`).join(', ');
  const page = `select i.id, i.sequence, i.xmin as written, ${keys} from ${from} where ${conditions.join(' and ')} order by ${by} limit ${limit}`;
  return several ? `select page.* from unnest(${into.add(several.values, 'text[]')}) as one (value) cross join lateral (${page}) page` : page;
}

interface Several { readonly column: string; readonly values: readonly string[] }

/** Several values of a column are several ranges of its index, each in the list's order: as one condition they would have to be read to their end and sorted. */
function severalValues(query: ImageListQuery): Several | undefined {
  const asked: readonly (readonly [string, readonly string[] | undefined])[] = [
    ['name', query.name], ['container_format', query.containerFormat], ['disk_format', query.diskFormat], ['status', query.status],
  ];
  const several = asked.map(([column, values = []]) => ({ column, values: [...new Set(values)] }));
  return several.find(({ values }) => values.length > 1);
}

function rangeConditions({ visibility, owner, sharedWith }: ImageRange, isHidden: boolean, into: Parameters): string[] {
  return [
    `${shelfSql('i')} = ${shelfOf(visibility, isHidden)}`,
    ...(owner === undefined ? [] : [`i.owner = ${into.add(owner)}`]),
    ...(sharedWith === undefined ? [] : [
      `m.member_id = ${into.add(sharedWith.projectId)}`, `m.status = '${sharedWith.status}'`,
      // A project that is a member of its own image sees it as owner already.
      `i.owner is distinct from ${into.add(sharedWith.projectId)}`,
    ]),
  ];
}

function conditionsOf(query: ImageListQuery, into: Parameters, several?: Several): string[] {
  const matches = (column: Several['column'], values: readonly string[] | undefined, sql = `i.${column}`): string[] =>
    several?.column === column ? [`${sql} = one.value collate "C"`] : oneOf(sql, values, into);
  const named = (column: string, values: readonly string[] | undefined): string[] =>
    // Asked in the words of the index; a missing value is no empty one.
    values === undefined ? [] : [...matches(column, values, `coalesce(i.${column}, '')`), ...(values.includes('') ? [`i.${column} is not null`] : [])];
  return [
    ...(query.isProtected === undefined ? [] : [query.isProtected ? 'i.is_protected' : 'not i.is_protected']),
    ...named('name', query.name), ...named('container_format', query.containerFormat), ...named('disk_format', query.diskFormat),
    ...matches('status', query.status), ...oneOf('i.id', query.id?.filter(isLowerUuid), into, 'uuid[]'),
    ...equal('checksum', query.checksum, into), ...equal('os_hash_algo', query.osHashAlgo, into), ...equal('os_hash_value', query.osHashValue, into),
    ...inTime('created_at', query.createdAt, into), ...inTime('updated_at', query.updatedAt, into),
    ...(query.sizeBytes ? ['coalesce(i.size_bytes, -1) >= 0'] : []), ...inBounds('coalesce(i.size_bytes, -1)', query.sizeBytes, into),
    ...inBounds('i.virtual_size_bytes', query.virtualSizeBytes, into), ...inBounds('i.min_disk', query.minDisk, into), ...inBounds('i.min_ram', query.minRam, into),
    ...contains(query, into),
  ];
}

function contains({ tags = [], properties = {} }: ImageListQuery, into: Parameters): string[] {
  return [
    // Asked twice: of a tag that it does not know PostgreSQL expects one image in two hundred to have it, and would look for a rare one from the head of the list.
    ...(tags.length > 0 ? [`i.tags @> ${into.add(tags, 'text[]')}`, `i.tags @> ${into.add(tags, 'text[]')}`] : []),
    ...(Object.keys(properties).length > 0 ? [`i.properties @> ${into.add(JSON.stringify(properties), 'jsonb')}`] : []),
  ];
}

function oneOf(column: string, values: readonly string[] | undefined, into: Parameters, type = 'text[]'): string[] {
  if (values === undefined) return [];
  return [values.length === 1 ? `${column} = ${into.add(values[0], type.slice(0, -2))}` : `${column} = any(${into.add(values, type)})`];
}

const equal = (column: string, value: string | undefined, into: Parameters): string[] =>
  value === undefined ? [] : [`i.${column} = ${into.add(value)}`];

function inBounds(column: string, condition: NumberCondition | undefined, into: Parameters): string[] {
  if (!condition) return [];
  const bounds = [['>=', condition.min], ['<=', condition.max], ['=', condition.equals]] as const;
  return bounds.filter(([, value]) => value !== undefined).map(([op, value]) => `${column} ${op} ${into.add(clamped(value), 'bigint')}`);
}

/** A bound beyond what PostgreSQL counts in says the same as its own greatest and least. */
const clamped = (value: number | undefined): number => Math.trunc(Math.max(-greatest, Math.min(greatest, value ?? 0)));
const greatest = 2 ** 53;

/** Compares as if the column were cut to whole seconds, and can still use its index. */
function inTime(column: string, conditions: readonly TimeCondition[] | undefined, into: Parameters): string[] {
  return (conditions ?? []).map((condition) => inSeconds(column, condition, into));
}

function inSeconds(column: string, { op, at }: TimeCondition, into: Parameters): string {
  const floor = Math.floor(at.getTime() / 1000) * 1000;
  const isWhole = floor === at.getTime();
  const ceiling = isWhole ? floor : floor + 1000;
  const moment = (ms: number) => into.add(new Date(Math.max(yearOne, Math.min(yearTenThousand, ms))).toISOString(), 'timestamptz');
  switch (op) {
    case 'gt': return `i.${column} >= ${moment(floor + 1000)}`;
    case 'gte': return `i.${column} >= ${moment(ceiling)}`;
    case 'lt': return `i.${column} < ${moment(ceiling)}`;
    case 'lte': return `i.${column} < ${moment(floor + 1000)}`;
    case 'eq': return isWhole ? `(i.${column} >= ${moment(floor)} and i.${column} < ${moment(floor + 1000)})` : 'false';
    case 'neq': return isWhole ? `(i.${column} < ${moment(floor)} or i.${column} >= ${moment(floor + 1000)})` : 'true';
  }
}

/** PostgreSQL reads no years beyond four digits as ISO 8601 writes them; no image is that old or young. */
const yearOne = Date.parse('0001-01-01T00:00:00Z');
const yearTenThousand = Date.parse('9999-12-31T23:59:59Z');

/** What comes after the marker in the list's order: one row comparison where all keys go one way, so that an index range begins there. */
function afterMarker(order: readonly SortBy[], expressions: readonly string[], marker: MarkerValues, into: Parameters): string {
  const values = order.map(({ key }, place) => into.add(marker[place], sortExpressions[key].type));
  const sign = (place: number) => order[place]?.direction === 'asc' ? '>' : '<';
  if (order.every(({ direction }) => direction === order[0]?.direction)) {
    return `(${expressions.join(', ')}) ${sign(0)} (${values.join(', ')})`;
  }
  const alternatives = expressions.map((sql, place) => {
    const equals = expressions.slice(0, place).map((before, index) => `${before} = ${values[index] ?? ''}`);
    return `(${[...equals, `${sql} ${sign(place)} ${values[place] ?? ''}`].join(' and ')})`;
  });
  return `(${expressions[0] ?? ''} ${sign(0)}= ${values[0] ?? ''} and (${alternatives.join(' or ')}))`;
}
