import { Problem } from '../problem.js';
import { evolveImage } from './image.evolve.js';
import { clearableAttributes, type ClearableAttribute, type Image, type ImageAttributes, type ImageEvent } from './image.js';
import { within, type ImageLimits } from './image.limits.js';
import { changeLocations, type LocationChange } from './image.locations.js';
import type { Visibility } from './image.status.js';

/**
 * One change of a PATCH, already checked for type and media type at the edge; `name` of an attribute is the
 * domain's (`diskFormat`), of an additional property the client's. `add` overwrites; `addNew` (media type v2.0) refuses to.
 */
export type PropertyChange =
  | { readonly of: 'attribute'; readonly name: keyof ImageAttributes; readonly value: string | number | boolean | null }
  | { readonly of: 'visibility'; readonly value: Visibility }
  | { readonly of: 'tags'; readonly value: readonly string[] }
  | { readonly of: 'property'; readonly op: 'add' | 'addNew' | 'replace'; readonly name: string; readonly value: string }
  | { readonly of: 'property'; readonly op: 'remove'; readonly name: string }
  | LocationChange;

/**
 * Applies the changes of one PATCH in order, all or none, and reports the net difference: none, no events.
 * Refuses: PropertyExists, PropertyMissing, FormatsFixed, TooManyProperties, TooManyTags; what `changeLocations` refuses.
 * Source: api-ref "Update image"; `AttributeNotRemovable` is refused at the edge, before the image is read.
 */
export function changeImageProperties(imageId: string, changes: readonly PropertyChange[], image: Image, limits: ImageLimits): ImageEvent[] {
  let draft: Image = image;
  const located: ImageEvent[] = [];
  for (const change of changes) {
    if (change.of === 'locations') {
      const events = changeLocations(imageId, change, draft, limits);
      located.push(...events);
      draft = events.reduce(applied, draft);
    } else draft = apply(imageId, change, draft);
  }
  if (Object.keys(draft.properties).length > Object.keys(image.properties).length) {
    within(limits.properties, Object.keys(draft.properties).length, 'TooManyProperties');
  }
  if (draft.tags.length > image.tags.length) within(limits.tags, draft.tags.length, 'TooManyTags');
  return [...difference(image, draft), ...located];
}

function applied(draft: Image, event: ImageEvent): Image {
  const next = evolveImage(draft, event, draft.updatedAt);
  return next.exists ? next : draft;
}

function apply(imageId: string, change: Exclude<PropertyChange, LocationChange>, draft: Image): Image {
  switch (change.of) {
    case 'visibility': return { ...draft, visibility: change.value };
    case 'tags': return { ...draft, tags: [...new Set(change.value)] };
    case 'attribute': return applyAttribute(imageId, change, draft);
    case 'property': return applyProperty(change, draft);
  }
}

/** Formats may change only while there is no data: api-ref "Update image", restrictions. */
function applyAttribute(imageId: string, { name, value }: Extract<PropertyChange, { of: 'attribute' }>, draft: Image): Image {
  const isFormat = name === 'diskFormat' || name === 'containerFormat';
  const mayChange = draft.status === 'queued' || (draft.status === 'importing' && !draft.data);
  if (isFormat && !mayChange) {
    throw new Problem('FormatsFixed', { imageId, attribute: name === 'diskFormat' ? 'disk_format' : 'container_format' });
  }
  return { ...draft, [name]: value };
}

function applyProperty(change: Extract<PropertyChange, { of: 'property' }>, draft: Image): Image {
  const { name } = change;
  const isPresent = Object.hasOwn(draft.properties, name);
  if (change.op === 'addNew' && isPresent) throw new Problem('PropertyExists', { name });
  if ((change.op === 'replace' || change.op === 'remove') && !isPresent) throw new Problem('PropertyMissing', { name });
  const others = Object.fromEntries(Object.entries(draft.properties).filter(([key]) => key !== name));
  return { ...draft, properties: change.op === 'remove' ? others : { ...others, [name]: change.value } };
}

function difference(before: Image, after: Image): ImageEvent[] {
  const changed = propertyDifference(before, after);
  return [
    ...(changed ? [changed] : []),
    ...(after.visibility === before.visibility ? [] : [{ type: 'ImageVisibilityChanged', data: { visibility: after.visibility } } as const]),
    ...before.tags.filter((tag) => !after.tags.includes(tag)).map((tag) => ({ type: 'ImageTagRemoved', data: { tag } }) as const),
    ...after.tags.filter((tag) => !before.tags.includes(tag)).map((tag) => ({ type: 'ImageTagAdded', data: { tag } }) as const),
  ];
}

const attributeNames = [
  'name', 'owner', 'isProtected', 'isHidden', 'containerFormat', 'diskFormat', 'minDisk', 'minRam',
] as const satisfies readonly (keyof ImageAttributes)[];

function propertyDifference(before: Image, after: Image): ImageEvent | undefined {
  const differing = attributeNames.filter((name) => after[name] !== before[name]);
  const attributes = Object.fromEntries(differing.filter((name) => after[name] !== null).map((name) => [name, after[name]]));
  const cleared = differing.filter((name): name is ClearableAttribute => after[name] === null && (clearableAttributes as readonly string[]).includes(name));
  const set = Object.fromEntries(Object.entries(after.properties).filter(([name, value]) => before.properties[name] !== value || !Object.hasOwn(before.properties, name)));
  const removed = Object.keys(before.properties).filter((name) => !Object.hasOwn(after.properties, name));
  if (differing.length + removed.length + Object.keys(set).length === 0) return undefined;
  return { type: 'ImagePropertiesChanged', data: { attributes, cleared, set, removed } };
}
