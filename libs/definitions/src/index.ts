export { faultIn, type JsonSchema } from './json-schema.js';
export {
  collectionOf, namespaceSchema, objectSchema, propertySchema, resourceTypeSchema, tagSchema, tagsToSetSchema, type MetadefDocument,
} from './metadef.schema.js';
export { ownerOfFiles, readNamespaceDocument, type NamespaceDocument } from './namespace-document.js';
export { attributesOf, checkedName, contentOf, linksToo, objectOf, propertyOf, refuseMisfit, resourceTypeOf, tagNamesOf } from './read-definitions.js';
export { usualNamespaces } from './usual/index.js';
