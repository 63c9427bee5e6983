/** A rule of a policy file as a tree. `template` is the right side of a check, split at its `%(name)s` references. */
export type Expression =
  | { readonly kind: 'always' }
  | { readonly kind: 'never' }
  | { readonly kind: 'and' | 'or'; readonly terms: readonly Expression[] }
  | { readonly kind: 'not'; readonly term: Expression }
  | { readonly kind: 'rule'; readonly name: string }
  | { readonly kind: 'role'; readonly template: Template }
  | { readonly kind: 'literal'; readonly value: string; readonly template: Template }
  | { readonly kind: 'credential'; readonly name: string; readonly template: Template };

/** Text and references in turn; `%(project_id)s` is `[{ key: 'project_id' }]`. */
export type Template = readonly (string | { readonly key: string })[];

/** A rule that cannot be understood. The message says what is wrong with it; who reads the file adds the rule's name. */
export class PolicyError extends Error {
  override readonly name = 'PolicyError';
}
