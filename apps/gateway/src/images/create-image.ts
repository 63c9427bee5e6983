import { Problem, type ImageAttributes, type ImageCommand, type Visibility } from '#libs/domain';
import { isReservedName, readOnlyAttributes, settableAttributes } from './attribute-names.js';
import { refuseIncomplete, refuseNonConforming, type ImageSchema } from './image.schema.js';

export type CreateImage = Extract<ImageCommand, { type: 'CreateImage' }>;

/** A POST body, checked as far as it can be without asking the policy. `owner` is undefined where the body does not name one. */
export interface ImageToCreate {
  readonly imageId: string | undefined;
  readonly owner: string | null | undefined;
  readonly visibility: Visibility;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Refuses what the body may never say, in Glance's order: links of the service (403), then the schema (400), then reserved names (403). Source: API.md section 5. */
export function readImageToCreate(body: Readonly<Record<string, unknown>>, schema: ImageSchema): ImageToCreate {
  for (const name of ['direct_url', 'self', 'file', 'schema']) if (Object.hasOwn(body, name)) throw readOnly(name);
  for (const [name, value] of Object.entries(body)) refuseNonConforming(name, value, schema);
  refuseIncomplete(body, schema);
  for (const name of Object.keys(body)) if (isReservedName(name)) throw reserved(name);
  const { id, owner, visibility } = body as { id?: string; owner?: string | null; visibility?: Visibility };
  return { imageId: id?.toLowerCase(), owner, visibility: visibility ?? 'shared', body };
}

/** The command of a POST that the policy allowed. Refuses attributes that the service alone sets. */
export function createImageCommand({ body, visibility }: ImageToCreate, owner: string | null): CreateImage {
  for (const name of Object.keys(body)) if (readOnlyAttributes.has(name)) throw readOnly(name);
  if (Object.hasOwn(body, 'locations')) throw reserved('locations');
  const attributes: Record<string, unknown> = { ...unset, owner };
  const properties: [string, string][] = [];
  for (const [name, value] of Object.entries(body)) {
    const attribute = settableAttributes[name];
    if (attribute) attributes[attribute] = value;
    else if (!elsewhere.has(name)) properties.push([name, propertyValue(value)]);
  }
  const tags = (body['tags'] ?? []) as readonly string[];
  return { ...(attributes as unknown as ImageAttributes), type: 'CreateImage', visibility, tags, properties: Object.fromEntries(properties), owner };
}

/** The few declared properties that may be null are kept as empty text; the view knows which they are. */
export const propertyValue = (value: unknown): string => value === null ? '' : value as string;

const elsewhere: ReadonlySet<string> = new Set(['id', 'visibility', 'tags', 'locations']);
const unset: ImageAttributes = { name: null, owner: null, isProtected: false, isHidden: false, containerFormat: null, diskFormat: null, minDisk: 0, minRam: 0 };

export const readOnly = (name: string): Problem => new Problem('Forbidden', { detail: `Attribute '${name}' is read-only. Leave it out.` });
export const reserved = (name: string): Problem => new Problem('Forbidden', { detail: `Attribute '${name}' is a reserved name. Choose another.` });
