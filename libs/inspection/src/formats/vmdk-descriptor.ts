import type { Finding } from '../probe.js';

/** What the text of a descriptor says. Source: VMware, "Virtual Disk Format 5.0", "The Descriptor File". */
export interface Descriptor {
  readonly createTypes: readonly string[];
  readonly extents: readonly Extent[];
  readonly parents: readonly string[];
}
export interface Extent { readonly line: string; readonly sectors: number; readonly type: string; readonly path: string }

/** How many extents are looked at; all others are findings already. */
const mostExtents = 64;

/**
 * Reads every assignment wherever it stands, in comments too: readers of this format search the text rather than parse it,
 * and a descriptor that says two things must not be safe by one of them.
 */
export function readDescriptor(text: string): Descriptor {
  return {
    createTypes: [...text.matchAll(/createType[ \t]*=[ \t]*"?([^"\r\n]{0,80})/gi)].map(([, type = '']) => type.trim()),
    extents: text.split(/\r?\n/).filter((line) => /^\s*(RW|RDONLY|NOACCESS)\s/i.test(line)).slice(0, mostExtents).map(readExtent),
    parents: [
      ...[...text.matchAll(/parentCID[ \t]*=[ \t]*"?([0-9a-z]{0,16})/gi)].map(([, cid = '']) => cid).filter((cid) => cid.toLowerCase() !== 'ffffffff'),
      ...[...text.matchAll(/parentFileNameHint[ \t]*=[ \t]*"([^"\r\n]{1,80})/gi)].map(([, name = '']) => name),
    ],
  };
}

function readExtent(line: string): Extent {
  const [, sectors = '', type = '', path = ''] = /^\s*\w+\s+(\d{1,15})\s+(\w{1,20})\s*(?:"([^"]*)")?/.exec(line) ?? [];
  return { line: line.trim(), sectors: Number(sectors), type: type.toUpperCase(), path };
}

/** What is wrong with a descriptor inside of a sparse file: only that very file may hold the data. */
export function* descriptorFindings(descriptor: Descriptor, allowedTypes: readonly string[]): Generator<Finding> {
  const { createTypes, extents, parents } = descriptor;
  if (createTypes.length === 0) yield { rule: 'vmdk.descriptor', detail: 'there is no createType' };
  for (const type of createTypes.filter((each) => !allowedTypes.includes(each)).slice(0, 3)) yield { rule: 'vmdk.create_type', detail: type };
  for (const extent of extents.filter((each) => !isInside(each)).slice(0, 3)) yield { rule: 'vmdk.extent', detail: extent.line };
  if (extents.length > 1) yield { rule: 'vmdk.extent', detail: `${extents.length} extents` };
  if (extents.length === 0) yield { rule: 'vmdk.descriptor', detail: 'there is no extent' };
  for (const parent of parents.slice(0, 3)) yield { rule: 'vmdk.parent', detail: parent };
}

const isInside = ({ type, path }: Extent): boolean => type === 'SPARSE' && path !== '' && !/[/\\]/.test(path);
