/**
 * What the Image API promises: each route of Glance 33, what it does, and the statuses that it may answer with. Paths are as in OpenAPI.
 * Every route but the open ones may answer 401 besides. Source: API.md sections 1, 3 and 13.
 */
export interface ContractRow { readonly summary: string; readonly statuses: readonly number[] }

const row = (summary: string, ...statuses: readonly number[]): ContractRow => ({ summary, statuses });
const namespaces = '/v2/metadefs/namespaces';
const namespace = `${namespaces}/{namespace}`;

/** Reading one schema after the other is the same for all of them. */
const schemas = [
  'image', 'images', 'member', 'members', 'task', 'tasks', ...['namespace', 'namespaces', 'object', 'objects', 'property', 'properties', 'resource_type', 'resource_types', 'tag', 'tags'].map((name) => `metadefs/${name}`),
].map((name) => [`GET /v2/schemas/${name}`, row(`The JSON Schema ${name}`, 200)] as const);

export const openPaths: ReadonlySet<string> = new Set(['/', '/versions', '/healthcheck', '/openapi.json']);

export const contract: Readonly<Record<string, ContractRow>> = {
  'GET /': row('List API versions', 300),
  'GET /versions': row('List API versions', 200),
  'GET /healthcheck': row('Whether this gateway takes requests', 200, 503),
  'GET /v2/images': row('List images', 200, 400, 403),
  'POST /v2/images': row('Create an image', 201, 400, 403, 409, 413),
  'GET /v2/images/{imageId}': row('Show an image', 200, 404),
  'PATCH /v2/images/{imageId}': row('Update an image', 200, 400, 403, 404, 409, 413, 415),
  'DELETE /v2/images/{imageId}': row('Delete an image', 204, 403, 404, 409),
  'GET /v2/images/{imageId}/file': row('Download image data', 200, 204, 206, 400, 403, 404, 416, 503),
  'PUT /v2/images/{imageId}/file': row('Upload image data', 204, 400, 403, 404, 409, 410, 413, 415, 503),
  'PUT /v2/images/{imageId}/stage': row('Stage image data', 204, 400, 403, 404, 409, 413, 415, 503),
  'POST /v2/images/{imageId}/import': row('Import an image', 202, 400, 403, 404, 409, 413),
  'GET /v2/images/{imageId}/tasks': row('Show the tasks of an image', 200, 404),
  'POST /v2/images/{imageId}/locations': row('Add a location', 202, 400, 403, 404, 409),
  'GET /v2/images/{imageId}/locations': row('Show locations', 200, 403, 404),
  'POST /v2/images/{imageId}/actions/deactivate': row('Deactivate an image', 204, 403, 404),
  'POST /v2/images/{imageId}/actions/reactivate': row('Reactivate an image', 204, 403, 404),
  'PUT /v2/images/{imageId}/tags/{tag}': row('Add a tag', 204, 400, 403, 404, 413),
  'DELETE /v2/images/{imageId}/tags/{tag}': row('Delete a tag', 204, 403, 404),
  'GET /v2/images/{imageId}/members': row('List members', 200, 403, 404),
  'POST /v2/images/{imageId}/members': row('Share with a project', 200, 400, 403, 404, 409, 413),
  'GET /v2/images/{imageId}/members/{memberId}': row('Show a member', 200, 404),
  'PUT /v2/images/{imageId}/members/{memberId}': row('Accept or reject an image', 200, 400, 403, 404),
  'DELETE /v2/images/{imageId}/members/{memberId}': row('Stop sharing with a project', 204, 403, 404),
  'DELETE /v2/stores/{storeId}/{imageId}': row('Delete the data of an image from a store', 204, 403, 404, 409),
  'GET /v2/info/import': row('Import methods', 200),
  'GET /v2/info/stores': row('Stores', 200),
  'GET /v2/info/stores/detail': row('Stores in detail', 200, 403),
  'GET /v2/info/usage': row('Limits and usage of the project', 200),
  'GET /v2/cache': row('List cached and queued images', 200, 403, 404),
  'DELETE /v2/cache': row('Empty the cache', 204, 400, 403, 404),
  'PUT /v2/cache/{imageId}': row('Queue an image for caching', 202, 400, 403, 404),
  'DELETE /v2/cache/{imageId}': row('Delete an image from the cache', 204, 403, 404),
  'GET /v2/cache/nodes/{imageId}': row('Show which nodes have an image cached', 200, 403, 404, 409),
  'POST /v2/cache/clean': row('Clean the cache', 200, 403, 404),
  'POST /v2/cache/prune': row('Prune the cache', 200, 403, 404),
  'POST /v2/tasks': row('Create a task', 201, 400, 403),
  'GET /v2/tasks': row('List tasks', 200, 400, 403),
  'GET /v2/tasks/{taskId}': row('Show a task', 200, 403, 404),
  'DELETE /v2/tasks/{taskId}': row('Tasks cannot be deleted', 405),
  ...Object.fromEntries(schemas),
  'GET /v2/metadefs/resource_types': row('List resource types', 200),
  [`GET ${namespaces}`]: row('List namespaces', 200, 400, 403),
  [`POST ${namespaces}`]: row('Create a namespace', 201, 400, 403, 409),
  [`GET ${namespace}`]: row('Show a namespace', 200, 404),
  [`PUT ${namespace}`]: row('Update a namespace', 200, 400, 403, 404, 409),
  [`DELETE ${namespace}`]: row('Delete a namespace', 204, 403, 404),
  [`GET ${namespace}/resource_types`]: row('List the resource types of a namespace', 200, 404),
  [`POST ${namespace}/resource_types`]: row('Associate a resource type', 201, 400, 403, 404, 409),
  [`DELETE ${namespace}/resource_types/{resourceType}`]: row('Dissociate a resource type', 204, 403, 404),
  ...thingsOf('properties', 'property'),
  ...thingsOf('objects', 'object'),
  ...thingsOf('tags', 'tag'),
  [`POST ${namespace}/tags/{tag}`]: row('Create a tag', 201, 400, 403, 404, 409),
  [`POST ${namespace}/tags`]: row('Create tags', 201, 400, 403, 404, 409),
};

/** What Glance answers and this gateway has no cause to, by route and status, with the reason: docs/api-coverage.md asks for no test of it. */
export const withoutCause: Readonly<Record<string, string>> = {
  'DELETE /v2/images/{imageId} 409': 'Glance says so where its store finds the data in use, or a snapshot of it; no store here knows such. Five lost races in a row would get this answer, too.',
  'GET /v2/cache/nodes/{imageId} 200': 'Glance answers where its caches are registered in one database; here every gateway has a cache of its own, and says 409 as Glance does without that database.',
};

function thingsOf(collection: string, one: string): Record<string, ContractRow> {
  const all = `${namespace}/${collection}`;
  const single = `${all}/{${one}}`;
  return {
    [`GET ${all}`]: row(`List ${collection}`, 200, 404), [`POST ${all}`]: row(`Create a ${one}`, 201, 400, 403, 404, 409), [`DELETE ${all}`]: row(`Delete all ${collection}`, 204, 403, 404),
    [`GET ${single}`]: row(`Show a ${one}`, 200, 404), [`PUT ${single}`]: row(`Update a ${one}`, 200, 400, 403, 404, 409), [`DELETE ${single}`]: row(`Delete a ${one}`, 204, 403, 404),
  };
}
