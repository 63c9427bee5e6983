import { Problem } from '#libs/domain';
import { listQuery } from './list-query.js';

const read = (query: string) => listQuery(new URLSearchParams(query), { limitParamDefault: 25, apiLimitMax: 1000 });
const refusal = (query: string) => {
  try {
    read(query);
    return 'accepted';
  } catch (error) {
    return error instanceof Problem ? error.code : error;
  }
};

describe('the query of a list', () => {
  it('is newest first, 25 long, without anything said', () => {
    expect(read('')).toEqual({ limit: 25, sort: [{ key: 'created_at', direction: 'desc' }], tags: [] });
  });

  it('takes the limit down to the most that is allowed, without a word', () => {
    expect(read('limit=5000').limit).toBe(1000);
    expect(read('limit=0').limit).toBe(0);
  });

  it.each([
    ['in:a,b', ['a', 'b']],
    ['in:"a,b",c', ['a,b', 'c']],
    ['in:"say \\"hi\\"","back\\\\slash"', ['say "hi"', 'back\\slash']],
    ['eq:ubuntu:22.04', ['ubuntu:22.04']],
    ['plain', ['plain']],
    ['in: a ,b', [' a ', 'b']],
  ])('reads name=%s as %j', (value, names) => {
    expect(read(`name=${encodeURIComponent(value)}`).name).toEqual(names);
  });

  it.each([
    'name=in:"a', 'name=in:a"b', 'name=in:"a"b', 'name=in:a,"b"c"', 'name=in:"a" ,b', 'name=like:a', 'name=ubuntu:22.04', 'status=neq:active',
    'visibility=hidden', 'member_status=maybe', 'protected=True', 'protected=1', 'os_hidden=yes', 'changes-since=2026-01-01',
    'limit=-1', 'limit=ten', 'limit=1.5', 'limit=', 'size_min=big', 'size=', 'min_ram=x',
    'sort_key=owner', 'sort_key=', 'sort_dir=up', 'sort=name:up', 'sort=name:asc:desc', 'sort=', 'sort=name&sort_key=name', 'sort=name&sort_dir=asc',
    'sort_key=name&sort_key=size&sort_key=id&sort_dir=asc&sort_dir=desc', 'sort_key=name&sort_dir=asc&sort_dir=desc',
    'created_at=yesterday', 'created_at=after:2026-01-01', 'created_at=gt:', 'updated_at=2026-02-30', 'updated_at=2026-01-01T25:00:00Z',
  ])('refuses %s', (query) => {
    expect(refusal(query)).toBe('InvalidRequest');
  });

  it('sorts downwards where no direction is given', () => {
    expect(read('sort=name,size:asc').sort).toEqual([{ key: 'name', direction: 'desc' }, { key: 'size', direction: 'asc' }]);
    expect(read('sort_key=name').sort).toEqual([{ key: 'name', direction: 'desc' }]);
  });

  it('lets one direction stand for all keys', () => {
    expect(read('sort_key=name&sort_key=id&sort_dir=asc').sort).toEqual([{ key: 'name', direction: 'asc' }, { key: 'id', direction: 'asc' }]);
  });

  it.each([
    ['2026-01-31T12:00:00Z', 'eq', '2026-01-31T12:00:00.000Z'],
    ['20260131T120000Z', 'eq', '2026-01-31T12:00:00.000Z'],
    ['2026-01', 'eq', '2026-01-01T00:00:00.000Z'],
    ['2026', 'eq', '2026-01-01T00:00:00.000Z'],
    ['gt:2026-01-31T12:00:00Z', 'gt', '2026-01-31T12:00:00.000Z'],
    ['lte:2026-01-31T12:00:00', 'lte', '2026-01-31T12:00:00.000Z'],
    ['neq:2026-01-31 12:00', 'neq', '2026-01-31T12:00:00.000Z'],
    ['gte:2026-01-31T12:00:00+0200', 'gte', '2026-01-31T10:00:00.000Z'],
    ['lt:2026-01-31', 'lt', '2026-01-31T00:00:00.000Z'],
  ])('reads created_at=%s', (value, op, at) => {
    expect(read(`created_at=${encodeURIComponent(value)}`).createdAt).toEqual([{ op, at: new Date(at) }]);
  });

  it('joins the bounds of a size', () => {
    expect(read('size_min=1&size_max=9').sizeBytes).toEqual({ min: 1, max: 9 });
    expect(read('virtual_size=5&os_hash_algo=sha512')).toMatchObject({ virtualSizeBytes: { equals: 5 }, osHashAlgo: 'sha512' });
  });

  it('keeps every tag, and takes unknown names for properties', () => {
    expect(read('tag=a&tag=b&os_distro=debian&__proto__=x')).toMatchObject({ tags: ['a', 'b'] });
    expect(Object.entries(read('os_distro=debian&__proto__=x').properties ?? {})).toEqual([['os_distro', 'debian'], ['__proto__', 'x']]);
  });

  it('ignores deleted, since no list holds deleted images', () => {
    expect(read('deleted=true').properties).toBeUndefined();
  });
});
