/** Where a copy of an image comes from. A copy of a copy names the first image: the lineage of an image is the same in every region. */
export interface Lineage {
  readonly originRegion: string;
  readonly originId: string;
  /** Which state of the origin's metadata was last taken over: the `updated_at` that it had, by whichever way it came. */
  readonly originVersion: string;
  /** `<algorithm>:<hexadecimal>` of the origin's data; empty where the origin tells none. */
  readonly originHash: string;
}

/** The properties that a copy carries, also in an image service that is not Heliograph: they are found there by the filters of its image list. */
export const lineageNames = {
  originRegion: 'heliograph_origin_region', originId: 'heliograph_origin_id', originVersion: 'heliograph_origin_version', originHash: 'heliograph_origin_hash',
} as const satisfies Record<keyof Lineage, string>;

/** What a copy of a copy carries besides: the image that it was made of, one step nearer than the first, and all regions between. */
export const viaNames = { region: 'heliograph_via_region', id: 'heliograph_via_id', path: 'heliograph_via_path' } as const;
/** What a policy writes on a copy that has its source's id: anybody could have made an image of that id. */
export const keptForName = 'heliograph_kept_for';

const names: ReadonlySet<string> = new Set([...Object.values(lineageNames), ...Object.values(viaNames), keptForName]);
export const isLineageName = (property: string): boolean => names.has(property);

export const lineageProperties = (lineage: Lineage): Record<string, string> =>
  Object.fromEntries(Object.entries(lineageNames).map(([field, name]) => [name, lineage[field as keyof Lineage]]));

/** The lineage that an image's properties tell; undefined for an image that is no copy. Whoever owns an image can write them: they are a claim, not a proof. */
export function lineageOf(properties: Readonly<Record<string, unknown>>): Lineage | undefined {
  const [originRegion, originId] = [properties[lineageNames.originRegion], properties[lineageNames.originId]];
  if (typeof originRegion !== 'string' || typeof originId !== 'string' || originRegion === '' || originId === '') return undefined;
  const text = (name: string): string => (typeof properties[name] === 'string' ? properties[name] : '');
  return { originRegion, originId, originVersion: text(lineageNames.originVersion), originHash: text(lineageNames.originHash) };
}

/** Which image this one is a copy of in the end: its lineage's origin, or itself. */
export const originOf = (image: { readonly id: string; readonly region: string; readonly properties: Readonly<Record<string, unknown>> }): Pick<Lineage, 'originRegion' | 'originId'> =>
  lineageOf(image.properties) ?? { originRegion: image.region, originId: image.id };

/** Which state of its origin an image shows: what its lineage says, or its own. */
export const versionOf = (image: { readonly updatedAt: string; readonly properties: Readonly<Record<string, unknown>> }): string => lineageOf(image.properties)?.originVersion ?? image.updatedAt;

/** Which image a copy was made of, and where: that of which its properties say so, or the first image. A claim as all lineage; undefined for no copy, and where it names what can be no image. */
export function madeOf(properties: Readonly<Record<string, unknown>>): { readonly region: string; readonly id: string } | undefined {
  const lineage = lineageOf(properties);
  const [region, id] = [properties[viaNames.region] ?? lineage?.originRegion, properties[viaNames.id] ?? lineage?.originId];
  return lineage && typeof region === 'string' && typeof id === 'string' && /^[0-9a-f-]{36}$/.test(id) ? { region, id } : undefined;
}

/** The regions between that of the first image and the one where a copy is, in the order of its way; none for a copy of the first image itself. */
export function cameBy(properties: Readonly<Record<string, unknown>>): readonly string[] {
  const path = properties[viaNames.path];
  return lineageOf(properties) && typeof path === 'string' && path !== '' ? path.split('/') : [];
}
