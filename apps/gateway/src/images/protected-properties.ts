import { Problem, type PropertyChange } from '#libs/domain';
import { noProtections, type Caller, type PropertyProtections } from '#libs/identity';
import { reserved } from './create-image.js';

type Properties = Readonly<Record<string, string>>;

/** Additional properties as the operator's protections show and open them to a caller. */
export interface ProtectedProperties {
  /** Nothing is protected. */
  readonly isOff: boolean;
  /** The same image without the properties that this caller may not read. */
  shownTo<Shown extends { readonly properties: Properties }>(caller: Caller, image: Shown): Shown;
  mayRead(name: string, caller: Caller): boolean;
  /** Refuses: Forbidden. */
  requireCreatable(properties: Properties, caller: Caller): void;
  /**
   * The changes as this caller may make them to an image with these properties: what he may not read is not there for him, and what he may only
   * create, or only update, is sent so that it holds for nothing else. Refuses: Forbidden, PropertyExists, PropertyMissing.
   */
  changesBy(caller: Caller, changes: readonly PropertyChange[], properties: Properties): readonly PropertyChange[];
}

export function protectedProperties(protections: PropertyProtections): ProtectedProperties {
  const isOff = protections === noProtections;
  const mayRead = (name: string, caller: Caller): boolean => protections.allows('read', name, caller);
  return {
    isOff, mayRead,
    shownTo(caller, image) {
      if (isOff) return image;
      return { ...image, properties: Object.fromEntries(Object.entries(image.properties).filter(([name]) => mayRead(name, caller))) };
    },
    requireCreatable(properties, caller) {
      for (const name of Object.keys(properties)) if (!protections.allows('create', name, caller)) throw reserved(name);
    },
    changesBy(caller, changes, properties) {
      if (isOff) return changes;
      const present = new Set(Object.keys(properties));
      return changes.map((change) => change.of === 'property' ? allowed(change, present, protections, caller) : change);
    },
  };
}

type Change = Extract<PropertyChange, { of: 'property' }>;

/** One change after those before it; `present` is what there is by then. */
function allowed(change: Change, present: Set<string>, protections: PropertyProtections, caller: Caller): Change {
  const { name } = change;
  const isThere = present.has(name);
  const isSeen = isThere && protections.allows('read', name, caller);
  refuseUnseen(change, isSeen);
  const operation = change.op === 'remove' ? 'delete' : isSeen ? 'update' : 'create';
  if (!protections.allows(operation, name, caller)) throw reserved(name);
  present[change.op === 'remove' ? 'delete' : 'add'](name);
  return change.op === 'remove' ? change : { ...change, op: opFor(isThere, isSeen) };
}

function refuseUnseen({ op, name }: Change, isSeen: boolean): void {
  if ((op === 'replace' || op === 'remove') && !isSeen) throw new Problem('PropertyMissing', { name });
  if (op === 'addNew' && isSeen) throw new Problem('PropertyExists', { name });
}

/** Over what is there and hidden from him, a caller writes as if it were not: so does Glance. */
const opFor = (isThere: boolean, isSeen: boolean): 'add' | 'addNew' | 'replace' => isSeen ? 'replace' : isThere ? 'add' : 'addNew';
