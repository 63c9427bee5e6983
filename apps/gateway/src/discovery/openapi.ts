import { contract, openPaths } from './contract.js';
import type { Route } from './routes-of.js';

/** What an OpenAPI document is made from besides the routes: the schemas that the API itself serves, by name. */
export interface OpenApiParts {
  readonly routes: readonly Route[];
  readonly version: string;
}

/** The routes of this gateway as an OpenAPI 3.1 document. Where a schema is served at /v2/schemas, the document refers to it instead of repeating it. */
export function openApi({ routes, version }: OpenApiParts): object {
  const paths = [...new Set(routes.map(({ path }) => path))].toSorted();
  return {
    openapi: '3.1.0',
    info: { title: 'Heliograph: OpenStack Image API', version, description: 'The Image API v2 of OpenStack and what Heliograph adds. The schemas of bodies are served at /v2/schemas.' },
    servers: [{ url: '/' }],
    components: { securitySchemes: { token: { type: 'apiKey', in: 'header', name: 'X-Auth-Token', description: 'A token of the identity service, scoped to a project.' } } },
    security: [{ token: [] }],
    paths: Object.fromEntries(paths.map((path) => [path, {
      ...(namesIn(path).length === 0 ? {} : { parameters: namesIn(path).map((name) => ({ name, in: 'path', required: true, schema: { type: 'string' } })) }),
      ...Object.fromEntries(routes.filter((route) => route.path === path).map((route) => [route.method.toLowerCase(), operation(route)])),
    }])),
  };
}

const namesIn = (path: string): string[] => [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);

function operation({ method, path }: Route): object {
  const known = contract[`${method} ${path}`];
  const isOpen = openPaths.has(path);
  const statuses = [...(known?.statuses ?? []), ...(isOpen ? [] : [401])].toSorted((one, other) => one - other);
  return {
    operationId: `${method.toLowerCase()}${path.replaceAll(/[^A-Za-z0-9]+(\w?)/g, (_, next: string) => next.toUpperCase())}`,
    summary: known?.summary ?? 'Beyond the Image API: see the documentation of Heliograph',
    tags: [tagOf(path)],
    ...(isOpen ? { security: [] } : {}),
    responses: { ...Object.fromEntries(statuses.map((status) => [status, response(status)])), default: { description: 'What was wrong, as HTML, plain text or JSON by Accept.' } },
  };
}

const tagOf = (path: string): string => /^\/v2\/([a-z]+)/.exec(path)?.[1] ?? 'discovery';
const response = (status: number): object => ({ description: meanings[status] ?? `Status ${status}.` });

const meanings: Readonly<Record<number, string>> = {
  200: 'Done.', 201: 'Created; Location says where.', 202: 'Accepted; it goes on in the background.', 204: 'Done, or there is nothing to send.', 206: 'The range that was asked for.', 300: 'The versions to choose from.',
  400: 'The request cannot be followed as it stands.', 401: 'There is no valid token.', 403: 'You may not do this.', 404: 'There is nothing like it that you may see.', 405: 'This method is not for this path.',
  409: 'Its state does not allow it now.', 410: 'It was deleted meanwhile.', 413: 'A limit or quota is reached.', 415: 'The media type, or what the data is, is not accepted.', 416: 'The range lies outside of the data.',
  503: 'Something that is needed cannot be reached; Retry-After says when to try again.',
};
