import { Problem } from '#libs/domain';

/** One operation of a PATCH. `addNew` is the `add` of the older media type, which refuses to overwrite. */
export type PatchOperation =
  | { readonly op: 'add' | 'addNew' | 'replace'; readonly path: readonly string[]; readonly value: unknown }
  | { readonly op: 'remove'; readonly path: readonly string[] };

const mediaTypes = ['application/openstack-images-v2.1-json-patch', 'application/openstack-images-v2.0-json-patch'] as const;
const supported = mediaTypes.join(', ');
const operations = ['add', 'replace', 'remove'] as const;
type Operation = (typeof operations)[number];

/** Which of the two patch languages a body is in. Refuses: UnsupportedMediaType. Source: API.md section 6. */
export function patchVersion(contentType: string | undefined): '2.0' | '2.1' {
  const given = contentType?.split(';')[0]?.trim().toLowerCase() ?? '';
  if (given === mediaTypes[0]) return '2.1';
  if (given === mediaTypes[1]) return '2.0';
  throw new Problem('UnsupportedMediaType', { given: given === '' ? '(none)' : given, supported, acceptPatch: supported });
}

/** The operations of a patch, in order. Refuses with InvalidRequest everything that is not one; what the paths mean is not asked here. */
export function parsePatch(body: unknown, version: '2.0' | '2.1'): PatchOperation[] {
  if (!Array.isArray(body)) throw invalid('The body of a PATCH must be a list of operations.');
  return body.map((each: unknown) => {
    if (typeof each !== 'object' || each === null || Array.isArray(each)) throw invalid('Every operation of a PATCH must be an object.');
    const given = each as Readonly<Record<string, unknown>>;
    return version === '2.1' ? operation(given, given['op'], given['path']) : olderOperation(given);
  });
}

/** The draft-4 form: the operation's name is the key of its path. */
function olderOperation(given: Readonly<Record<string, unknown>>): PatchOperation {
  const named = operations.filter((name) => Object.hasOwn(given, name));
  const [name] = named;
  if (name === undefined || named.length > 1) throw invalid('Every operation must have exactly one of add, replace and remove.');
  const parsed = operation(given, name, given[name]);
  return parsed.op === 'add' ? { ...parsed, op: 'addNew' } : parsed;
}

function operation(given: Readonly<Record<string, unknown>>, op: unknown, pointer: unknown): PatchOperation {
  if (!operations.includes(op as Operation)) throw invalid(`The operation ${JSON.stringify(op) ?? '(none)'} is not one of add, replace and remove.`);
  if (typeof pointer !== 'string') throw invalid('Every operation needs a path, as text.');
  const path = parsePointer(pointer);
  if (op === 'remove') return { op, path };
  if (!Object.hasOwn(given, 'value')) throw invalid(`The operation ${String(op)} on ${pointer} needs a value.`);
  return { op: op as 'add' | 'replace', path, value: given['value'] };
}

/** Splits and decodes a JSON pointer by Glance's rules, which are stricter than RFC 6901 and strip spaces around a name. */
export function parsePointer(pointer: string): string[] {
  if (!pointer.startsWith('/')) throw invalid(`The path ${pointer} must begin with a slash.`);
  if (/\/\s*\//.test(pointer.slice(1))) throw invalid(`The path ${pointer} must not hold two slashes in a row.`);
  if (pointer.length > 1 && pointer.endsWith('/')) throw invalid(`The path ${pointer} must end with a name.`);
  if (/~(?![01])/.test(pointer)) throw invalid(`The path ${pointer} must have 0 or 1 after every tilde.`);
  return pointer.replace(/^\/+/, '').split('/').map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~').trim());
}

const invalid = (detail: string): Problem => new Problem('InvalidRequest', { detail });
