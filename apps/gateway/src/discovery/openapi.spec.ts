import { controllers } from '../gateway.module.js';
import { contract } from './contract.js';
import { openApi } from './openapi.js';
import { routesOf } from './routes-of.js';

const routes = routesOf(controllers);
const names = new Set(routes.map(({ method, path }) => `${method} ${path}`));

describe('The description of the API', () => {
  it('names each route once, with its parameters', () => {
    expect(names.size).toBe(routes.length);
    const { paths } = openApi({ routes, version: '2.17' }) as { paths: Record<string, { parameters?: { name: string }[] }> };
    expect(paths['/v2/images/{imageId}/tags/{tag}']?.parameters?.map(({ name }) => name)).toEqual(['imageId', 'tag']);
    expect(Object.keys(paths).every((path) => !path.includes(':'))).toBe(true);
  });

  it('has operation ids that are unique', () => {
    const { paths } = openApi({ routes, version: '2.17' }) as { paths: Record<string, Record<string, { operationId?: string }>> };
    const ids = Object.values(paths).flatMap((operations) => Object.values(operations)).flatMap(({ operationId }) => operationId ?? []);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.length).toBe(routes.length);
  });

  it('covers Glance: this gateway answers each of its routes', () => {
    expect(Object.keys(contract).filter((name) => !names.has(name) && !contract[name]?.statuses.includes(405))).toEqual([]);
  });
});
