import type { NamespaceDocument } from '../namespace-document.js';

type Definition = NonNullable<NamespaceDocument['properties']>[string];

/** Short forms for definitions: what a property is called, what it is for, and what else is known of it. */
const of = (type: string) => (title: string, description: string, more: object = {}): Definition => ({ title, description, type, ...more });

export const text = of('string');
export const whole = of('integer');
export const number = of('number');
export const flag = of('boolean');
export const list = of('array');

/** A text out of these. */
export const oneOf = (title: string, description: string, words: readonly string[], more: object = {}): Definition => text(title, description, { enum: words, ...more });
/** Truth as text, for what reads `true` and `false` out of extra specs. */
export const trueOrFalse = (title: string, description: string): Definition => oneOf(title, description, ['true', 'false']);
export const yesOrNo = (title: string, description: string): Definition => oneOf(title, description, ['yes', 'no']);

type Association = NonNullable<NamespaceDocument['resource_type_associations']>[number];
export const image = (prefix?: string): Association => on('OS::Glance::Image', prefix);
export const flavor = (prefix?: string): Association => on('OS::Nova::Flavor', prefix);
export const aggregate = (prefix?: string): Association => on('OS::Nova::Aggregate', prefix);
/** The image properties of a volume: it has others, too. */
export const volume = (prefix?: string): Association => ({ ...on('OS::Cinder::Volume', prefix), properties_target: 'image' });
export const server = (target: string): Association => ({ name: 'OS::Nova::Server', properties_target: target });
export const on = (name: string, prefix?: string): Association => ({ name, ...(prefix === undefined ? {} : { prefix }) });

/** One of the namespaces that come with Heliograph: everybody may read it, and it is not deleted by mistake. */
export const usual = (namespace: string, display_name: string, description: string, rest: Omit<NamespaceDocument, 'namespace' | 'display_name' | 'description'>): NamespaceDocument =>
  ({ namespace, display_name, description, visibility: 'public', protected: true, ...rest });
