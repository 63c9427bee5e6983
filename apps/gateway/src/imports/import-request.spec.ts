import { defaultUriFilterOptions, uriFilter } from '#libs/download';
import { Problem } from '#libs/domain';
import { readImportRequest } from './import-request.js';
import { queryIn } from './import-source.js';

const rules = { importMethods: ['glance-direct', 'copy-image', 'web-download'], storeIds: ['fast', 'far', 'web'], readOnlyStoreIds: ['web'], defaultStoreId: 'fast', reach: { filter: uriFilter(defaultUriFilterOptions) }, carriesQueries: true };
const method = { name: 'copy-image' };
const read = (body: object, header?: string) => readImportRequest(body as Record<string, unknown>, header, rules);
function refusal(body: object, header?: string): string {
  try {
    read(body, header);
  } catch (error) {
    if (error instanceof Problem) return error.code;
  }
  throw new Error('it was not refused');
}

describe('The body of POST /v2/images/{image_id}/import', () => {
  it('goes to the default store, which must succeed, where it says no more than the method', () => {
    expect(read({ method })).toMatchObject({ type: 'RequestImageImport', method: 'copy-image', storeIds: ['fast'], allStoresMustSucceed: true, skipsPresent: false });
  });

  it('goes to the stores it names, to the one in the header, or to all', () => {
    expect(read({ method, stores: ['far', 'fast'], all_stores_must_succeed: false })).toMatchObject({ storeIds: ['far', 'fast'], allStoresMustSucceed: false });
    expect(read({ method }, 'far').storeIds).toEqual(['far']);
    expect(read({ method, all_stores: true })).toMatchObject({ storeIds: ['fast', 'far'], skipsPresent: true });
  });

  it.each([
    ['no method', {}], ['a method that is text', { method: 'copy-image' }], ['a method without a name', { method: {} }], ['a method nobody knows', { method: { name: 'teleport' } }],
    ['a method that is switched off', { method: { name: 'glance-download' } }], ['all_stores as text', { method, all_stores: 'true' }],
    ['all_stores_must_succeed as a number', { method, all_stores_must_succeed: 1 }], ['stores as text', { method, stores: 'fast' }],
    ['all_stores and stores', { method, all_stores: true, stores: ['fast'] }],
  ])('is refused with %s', (_, body) => { expect(refusal(body)).toBe('InvalidRequest'); });

  it('is refused with a store in the header besides those in the body', () => {
    expect([refusal({ method, stores: ['far'] }, 'far'), refusal({ method, all_stores: true }, 'far')]).toEqual(['InvalidRequest', 'InvalidRequest']);
  });

  it('names a URI without its query, which stands in no command, and says that it had one', () => {
    const web = (uri: string) => ({ method: { name: 'web-download', uri } });
    const command = read(web('https://Images.example:443/a%20b.qcow2?X-Sig=s3cr3t&x=1#part'));
    expect(command).toMatchObject({ sourceUri: 'https://images.example/a%20b.qcow2', sourceHasQuery: true });
    expect(JSON.stringify(command)).not.toContain('s3cr3t');
    expect(read(web('https://images.example/a'))).not.toHaveProperty('sourceHasQuery');
    expect([queryIn('https://images.example/a?X-Sig=s3cr3t&x=1#part'), queryIn('https://images.example/a?'), queryIn(7)]).toEqual(['?X-Sig=s3cr3t&x=1', '', '']);
    expect(refusal(web(`https://images.example/${'a'.repeat(2048)}?x`))).toBe('UriNotAllowed');
  });

  it('is refused with a query where nobody could carry it', () => {
    expect(() => readImportRequest({ method: { name: 'web-download', uri: 'https://images.example/a?x=1' } }, undefined, { ...rules, carriesQueries: false }))
      .toThrow(expect.objectContaining({ code: 'UriNotAllowed' }) as Error);
  });

  it('is refused where a store is not there', () => {
    expect([refusal({ method, stores: ['near'] }), refusal({ method }, 'near')]).toEqual(['StoreUnknown', 'StoreUnknown']);
  });
});
