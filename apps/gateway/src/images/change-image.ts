import { Problem, type PropertyChange, type Visibility } from '#libs/domain';
import { isReservedName, readOnlyAttributes, settableAttributes } from './attribute-names.js';
import { propertyValue, readOnly, reserved } from './create-image.js';
import { refuseNonConforming, type ImageSchema } from './image.schema.js';
import type { PatchOperation } from './json-patch.js';

/** Refuses what no image would allow, before one is looked at: wrong depth and wrong values (400), read-only and reserved names (403). Source: API.md section 6. */
export function refuseImpossible(operations: readonly PatchOperation[], schema: ImageSchema): void {
  for (const each of operations) {
    const [name = ''] = each.path;
    if (!leadsSomewhere(name, each)) throw new Problem('InvalidRequest', { detail: `The path /${each.path.join('/')} leads to nothing in an image.` });
    if (name === 'id' || readOnlyAttributes.has(name)) throw readOnly(name);
    if (isReservedName(name)) throw reserved(name);
    if (each.op === 'remove') refuseRemoval(name, schema);
    else refuseNonConforming(name, each.path.length === 1 ? each.value : [each.value], schema);
  }
}

function refuseRemoval(name: string, { required }: ImageSchema): void {
  if (required?.includes(name)) throw new Problem('InvalidRequest', { detail: `Every image must have ${name}. Replace its value instead.` });
}

/** Single locations are added and removed by their place in the list; which of them there are is asked later. Everything else is one name deep. */
const leadsSomewhere = (name: string, { op, path }: PatchOperation): boolean => path.length === (name === 'locations' && op !== 'replace' ? 2 : 1);

/** The changes that a patch asks for; those of locations have been looked at before. Refuses: AttributeNotRemovable. */
export function changesOf(operations: readonly PatchOperation[], located: ReadonlyMap<PatchOperation, PropertyChange>): PropertyChange[] {
  return operations.map((each) => {
    const [name = ''] = each.path;
    const location = located.get(each);
    if (location) return location;
    return each.op === 'remove' ? removal(name) : setting(name, each.op, each.value);
  });
}

function removal(name: string): PropertyChange {
  if (isBase(name)) throw new Problem('AttributeNotRemovable', { name });
  return { of: 'property', op: 'remove', name };
}

const isBase = (name: string): boolean => name === 'visibility' || name === 'tags' || settableAttributes[name] !== undefined;

function setting(name: string, op: 'add' | 'addNew' | 'replace', value: unknown): PropertyChange {
  const attribute = settableAttributes[name];
  if (op === 'addNew' && isBase(name)) throw new Problem('PropertyExists', { name });
  if (name === 'visibility') return { of: 'visibility', value: value as Visibility };
  if (name === 'tags') return { of: 'tags', value: value as readonly string[] };
  if (attribute) return { of: 'attribute', name: attribute, value: value as string | number | boolean | null };
  return { of: 'property', op, name, value: propertyValue(value) };
}

/** The visibilities that a patch sets on its way; each may need a rule of its own. */
export const visibilitiesIn = (operations: readonly PatchOperation[]): Visibility[] =>
  operations.flatMap((each) => each.op !== 'remove' && each.path[0] === 'visibility' ? [each.value as Visibility] : []);

export const setsOwner = (operations: readonly PatchOperation[]): boolean =>
  operations.some((each) => each.op !== 'remove' && each.path[0] === 'owner');
