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

const names: ReadonlySet<string> = new Set(Object.values(lineageNames));
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
