export type { Caller, CatalogEndpoint, CatalogEntry, Identity, Scope } from './caller.js';
export { createKeystoneIdentity, type KeystoneOptions } from './keystone/keystone.js';
export { knownCallers } from './known-callers.js';
export type { PolicyTarget } from './policy/compile.js';
export { defaultRules, type PolicyRule } from './policy/default-rules.js';
export { PolicyError } from './policy/expression.js';
export { createPolicy, type Policy, type WrittenRules } from './policy/policy.js';
export { policyFromFile, type PolicyFileOptions } from './policy/policy-file.js';
export { imageTarget, metadefTarget, newImageTarget, type ImageFacts } from './policy/targets.js';
