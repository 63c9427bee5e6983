import SwaggerParser from '@apidevtools/swagger-parser';
import { contract } from '../../apps/gateway/src/discovery/contract.js';
import { startApi, type Api } from './harness.js';

let api: Api;
beforeAll(async () => { api = await startApi(); });
afterAll(() => api.stop());

interface Document { openapi: string; paths: Record<string, Record<string, { responses?: Record<string, unknown> }>> }
const describeApi = async (): Promise<Document> => {
  const answer = await api.as(undefined).get('/openapi.json');
  expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'application/json']);
  return answer.json<Document>();
};

describe('GET /openapi.json', () => {
  it('is a valid OpenAPI document, told to everybody', async () => {
    const document = await describeApi();
    await expect(SwaggerParser.validate(document as never)).resolves.toBeDefined();
  });

  it('describes the routes that there are, those of Glance with the statuses of the contract', async () => {
    const { paths } = await describeApi();
    expect(Object.keys(paths['/v2/images/{imageId}/file'] ?? {}).toSorted()).toEqual(['get', 'parameters', 'put']);
    expect(Object.keys(paths['/v2/images/{imageId}/file']?.['put']?.responses ?? {})).toEqual(['204', '400', '401', '403', '404', '409', '410', '413', '415', '503', 'default']);
    for (const [path, operations] of Object.entries(paths)) {
      for (const method of Object.keys(operations).filter((key) => contract[`${key.toUpperCase()} ${path}`] !== undefined)) {
        const { status } = await api.as('admin').request(method.toUpperCase(), path.replaceAll(/\{\w+\}/g, 'unknown'));
        expect([path, method, status]).not.toEqual([path, method, 405]);
        expect([path, method, status]).not.toEqual([path, method, 501]);
      }
    }
  });
});
