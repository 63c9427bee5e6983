import type { NamespaceAttributes, NamespaceContent } from '#libs/domain';
import { namespaceSchema } from './metadef.schema.js';
import { attributesOf, checkedName, contentOf, refuseMisfit } from './read-definitions.js';

/** A namespace as a JSON file says it: the format of Glance's own files, and of the body that creates a namespace. */
export interface NamespaceDocument {
  readonly namespace: string;
  readonly display_name?: string;
  readonly description?: string;
  readonly visibility?: 'public' | 'private';
  readonly protected?: boolean;
  readonly owner?: string;
  readonly resource_type_associations?: readonly { readonly name: string; readonly prefix?: string; readonly properties_target?: string }[];
  readonly properties?: Readonly<Record<string, { readonly title: string; readonly type: string } & Readonly<Record<string, unknown>>>>;
  readonly objects?: readonly { readonly name: string; readonly description?: string; readonly required?: readonly string[]; readonly properties?: NamespaceDocument['properties'] }[];
  readonly tags?: readonly { readonly name: string }[];
}

/** Who owns what a file brings and nobody is said to own: Glance's own word, a project that none is. */
export const ownerOfFiles = 'admin';

/**
 * What a file says, checked as a request would be. Null counts as not said: Glance's export writes it so. Refuses: InvalidRequest, naming what is wrong.
 * Source: `glance-manage db_load_metadefs` of Glance 33.
 */
export function readNamespaceDocument(json: unknown): { readonly name: string; readonly attributes: NamespaceAttributes; readonly content: NamespaceContent } {
  const body = withoutNulls(json) as Readonly<Record<string, unknown>>;
  refuseMisfit(body, namespaceSchema, []);
  return { name: checkedName(body['namespace'], 'A namespace'), attributes: attributesOf(body, { projectId: ownerOfFiles }), content: contentOf(body) };
}

function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== null).map(([name, each]) => [name, withoutNulls(each)]));
}
