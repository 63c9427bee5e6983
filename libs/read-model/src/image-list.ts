import { isLowerUuid } from '#libs/contracts';
import { Problem } from '#libs/domain';
import type { Pool } from 'pg';
import { isGivenUp, reachable } from './database.js';
import { fullOrder, visibleRanges, type ImageListQuery, type SortBy, type Viewer } from './image-list.query.js';
import { listSql, sortValues, stampsSql, type ListSql, type MarkerValues } from './image-list.sql.js';
import type { ImageRow } from './image.row.js';
import { readAt, type AtLeast } from './reads.js';
import { listedImage, toldImages, type ListedImage, type ToldImages } from './told-images.js';

export interface ImagePage {
  readonly images: readonly ListedImage[];
  /** Whether the page holds as many as were asked for, so that there may be more. */
  readonly isFull: boolean;
}

/**
 * One page of the images that the viewer may list. Each kind of visibility is read from its own index range, from the marker on and no
 * further than the page is long; the ranges are merged. Rows that were told before and not written since are not read again. Refuses: InvalidRequest for a
 * marker that the viewer cannot see; ListTooSlow for what no range leads to and could not be searched for in time.
 */
export async function listImages(pool: Pool, query: ImageListQuery, viewer: Viewer, { atLeast }: AtLeast, told: ToldImages = toldImages()): Promise<ImagePage> {
  if (asksForTheUnwritable(query)) return { images: [], isFull: false };
  const order = fullOrder(query.sort);
  const marker = query.marker === undefined ? undefined : await markerValues(pool, query.marker, viewer, order, atLeast);
  const page: PageParts = [visibleRanges(query, viewer), query, order, marker];
  const stamps = await stampsOf(pool, page, atLeast);
  const images = await told.all(pool, stamps) ?? await wholePage(pool, page, atLeast);
  return { images, isFull: query.limit > 0 && images.length === query.limit };
}

type PageParts = Parameters<typeof listSql>;

async function stampsOf(pool: Pool, page: PageParts, atLeast: number | undefined): Promise<readonly string[]> {
  const { stamps } = await asked<{ stamps: string | null }>(pool, page[1], stampsSql(...page), atLeast);
  return stamps === null ? [] : stamps.split(' ');
}

/** Stamps and rows in one statement, for what changes between two. */
async function wholePage(pool: Pool, page: PageParts, atLeast: number | undefined): Promise<readonly ListedImage[]> {
  const { rows } = await asked<{ rows: readonly ImageRow[] }>(pool, page[1], listSql(...page), atLeast);
  return rows.map(listedImage);
}

async function asked<Found>(pool: Pool, query: ImageListQuery, { text, values }: ListSql, atLeast: number | undefined): Promise<Found> {
  const name = isCommon(query) ? prepared(text) : undefined;
  return readAt(atLeast, async () => {
    const { rows: [found] } = await pool.query<Found & { position: string }>({ text, values, ...(name ? { name } : {}) });
    if (!found) throw new Error('the read model has no position: run the migrations');
    return { ...found, position: Number(found.position) };
  }).catch((error: unknown) => {
    throw isGivenUp(error) ? new Problem('ListTooSlow', {}, { cause: error }) : error;
  });
}

/** A text with a NUL or half a character is in no row, and PostgreSQL does not even take the question. */
function asksForTheUnwritable(value: unknown): boolean {
  if (typeof value === 'string') return value.includes('\0') || !value.isWellFormed();
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).some(([name, inner]) => asksForTheUnwritable(name) || asksForTheUnwritable(inner));
}

/** What clients ask without a filter is planned once a connection: planning costs more than reading the page. */
function isCommon(query: ImageListQuery): boolean {
  return (query.sort ?? []).length <= 1 && commonLimits.has(query.limit)
    && Object.entries(query).every(([name, value]) => value === undefined || withoutFilter.has(name) || (name === 'tags' && query.tags?.length === 0));
}
const withoutFilter: ReadonlySet<string> = new Set<keyof ImageListQuery>(['visibility', 'memberStatus', 'isHidden', 'owner', 'marker', 'sort', 'limit']);
const commonLimits: ReadonlySet<number> = new Set([1, 10, 20, 21, 25, 50, 100, 200, 500, 1000]);

/** Names of prepared statements; so many and no more, since every connection keeps them. */
const names = new Map<string, string>();
function prepared(text: string): string | undefined {
  if (!names.has(text) && names.size < 200) names.set(text, `list-${names.size}`);
  return names.get(text);
}

/** Where the marker stands in the order. It may be any image that the viewer could show, not only one that he could list. */
async function markerValues(pool: Pool, marker: string, viewer: Viewer, order: readonly SortBy[], atLeast = 0): Promise<MarkerValues> {
  const { values } = await readAt(atLeast, () => findMarker(pool, marker, viewer, order));
  if (!values) throw new Problem('InvalidRequest', { detail: `The marker ${marker} is not an image that you can see. Begin again without a marker.` });
  return values;
}

async function findMarker(pool: Pool, marker: string, viewer: Viewer, order: readonly SortBy[]): Promise<{ position: number; values: MarkerValues | null }> {
  const id = isLowerUuid(marker) ? marker : null;
  const { rows: [found] } = await pool.query<{ position: string; values: MarkerValues | null }>(`
    select p.sequence as position, (select ${sortValues(order)} from images i where i.id = $1 and i.arriving is null and ($2
        or i.visibility in ('public', 'community') or i.owner is null or i.owner = $3
        or (i.visibility = 'shared' and exists (select from image_members m where m.image_id = i.id and m.member_id = $3)))) as values
    from position p`, [id, viewer.isAdmin, viewer.projectId ?? null]);
  if (!found) throw new Error('the read model has no position: run the migrations');
  return { position: Number(found.position), values: found.values };
}

/** How a list would be read, for tests and for operators who wonder: PostgreSQL's plan, as JSON. */
export async function explainList(pool: Pool, query: ImageListQuery, viewer: Viewer, marker?: MarkerValues): Promise<unknown> {
  const { text, values } = stampsSql(visibleRanges(query, viewer), query, fullOrder(query.sort), marker);
  const { rows: [row] } = await reachable(() => pool.query<{ 'QUERY PLAN': unknown }>(`explain (analyze, format json) ${text}`, values));
  return row?.['QUERY PLAN'];
}
