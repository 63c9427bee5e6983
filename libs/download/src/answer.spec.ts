import { factsOfWhole, sizeOfRest, throwIfChanged, type Facts } from './answer.js';
import { LinkFailure } from './link-failure.js';

const now = new Date('2026-06-01T00:00:00Z');
const date = 'Mon, 01 Jun 2026 00:00:00 GMT';
const whole = (headers: Record<string, string> = {}, statusCode = 200) => () => factsOfWhole({ statusCode, headers }, now);
const rest = (headers: Record<string, string>, facts: Facts = {}, statusCode = 206) => () => sizeOfRest({ statusCode, headers }, facts, 5, now);

function failureOf(read: () => unknown): LinkFailure {
  try {
    read();
  } catch (error) {
    if (error instanceof LinkFailure) return error;
    throw error;
  }
  throw new Error('It was taken.');
}

describe('The answer to a request for the whole', () => {
  it('tells size, content type and ETag', () => {
    const facts = { sizeBytes: 10, contentType: 'application/octet-stream', validator: { header: 'etag', value: '"a"' } };
    expect(whole({ 'content-length': '10', 'content-type': 'application/octet-stream', etag: '"a"', 'last-modified': 'Sun, 31 May 2026 00:00:00 GMT', date })()).toEqual(facts);
  });

  it('may tell nothing', () => {
    expect(whole()()).toEqual({});
  });

  it.each<[string, Record<string, string>, Facts['validator']]>([
    ['Last-Modified where the ETag is weak', { etag: 'W/"a"', 'last-modified': 'Sun, 31 May 2026 23:59:59 GMT', date }, { header: 'last-modified', value: 'Sun, 31 May 2026 23:59:59 GMT' }],
    ['nothing where the file is as new as the answer', { 'last-modified': date, date }, undefined],
    ['nothing where the answer has no date', { 'last-modified': 'Sun, 31 May 2026 00:00:00 GMT' }, undefined],
    ['nothing where the date cannot be read', { 'last-modified': 'yesterday', date }, undefined],
    ['nothing where the ETag has no quotes', { etag: 'a' }, undefined],
  ])('is recognized again by %s', (_, headers, validator) => {
    expect(whole(headers)().validator).toEqual(validator);
  });

  it.each([400, 401, 403, 404, 410, 416, 501, 505, 204, 206, 304, 300])('with status %i is a failure for good', (status) => {
    expect(failureOf(whole({}, status))).toMatchObject({ reason: `the server answered ${status}`, isTransient: false });
  });

  it.each([408, 425, 429, 500, 502, 503, 504])('with status %i is worth another try', (status) => {
    expect(failureOf(whole({}, status))).toMatchObject({ reason: `the server answered ${status}`, isTransient: true });
  });

  it.each([
    ['seconds', '7', 7000], ['a date', 'Mon, 01 Jun 2026 00:00:09 GMT', 9000], ['a date that is over', 'Sun, 31 May 2026 00:00:00 GMT', 0],
    ['more than a minute', '86400', 60_000], ['a date in a year', 'Tue, 01 Jun 2027 00:00:00 GMT', 60_000], ['nonsense', 'soon', undefined],
  ])('may ask to wait: %s', (_, header, retryAfterMs) => {
    expect(failureOf(whole({ 'retry-after': header }, 503)).retryAfterMs).toBe(retryAfterMs);
  });

  it.each([{ 'content-encoding': 'gzip' }, { 'content-encoding': 'br' }, { 'content-encoding': 'identity, gzip' }, { 'transfer-encoding': 'gzip, chunked' }, { 'content-encoding': 'GZIP' }])('is refused when it is packed: %j', (headers) => {
    expect(failureOf(whole(headers as Record<string, string>))).toMatchObject({ reason: 'the server insists on packing the file on its way', isTransient: false });
  });

  it.each([{ 'content-encoding': 'identity' }, { 'content-encoding': 'Identity', 'transfer-encoding': 'chunked' }])('may say that it is not packed: %j', (headers) => {
    expect(whole(headers as Record<string, string>)).not.toThrow();
  });

  it('has to be the same file again', () => {
    const first: Facts = { sizeBytes: 10, validator: { header: 'etag', value: '"a"' } };
    expect(() => { throwIfChanged({ ...first, contentType: 'other' }, first); }).not.toThrow();
    expect(failureOf(() => { throwIfChanged({ ...first, sizeBytes: 11 }, first); }).reason).toBe('the file changed while it was being downloaded');
    expect(failureOf(() => { throwIfChanged({ ...first, validator: { header: 'etag', value: '"b"' } }, first); }).reason).toBe('the file changed while it was being downloaded');
    expect(failureOf(() => { throwIfChanged({ sizeBytes: 10 }, first); }).reason).toBe('the file changed while it was being downloaded');
  });
});

describe('The answer to a request for the rest', () => {
  const facts: Facts = { sizeBytes: 10, validator: { header: 'etag', value: '"a"' } };

  it.each<[string, Record<string, string>, Facts]>([
    ['the size it knows', { 'content-range': 'bytes 5-9/10', etag: '"a"' }, facts], ['a size nobody knew', { 'content-range': 'bytes 5-9/10' }, {}],
    ['no size where it is known', { 'content-range': 'bytes 5-9/*' }, facts], ['only a part of the rest', { 'content-range': 'bytes 5-6/10' }, facts],
  ])('goes on at the right place with %s', (_, headers, known) => {
    expect(rest(headers, known)()).toBe(10);
  });

  it.each<[string, Record<string, string>, Facts, number, string]>([
    ['begins anew', {}, facts, 200, 'the connection broke, and the server can only begin anew: the file changed, or it serves no ranges'],
    ['says that there is no rest', {}, facts, 416, 'the file got shorter while it was being downloaded'],
    ['is not there any more', {}, facts, 404, 'the server answered 404'],
    ['begins too early', { 'content-range': 'bytes 0-9/10' }, facts, 206, 'the server sent another part of the file than the one asked for'],
    ['begins too late', { 'content-range': 'bytes 6-9/10' }, facts, 206, 'the server sent another part of the file than the one asked for'],
    ['has no range', {}, facts, 206, 'the server sent another part of the file than the one asked for'],
    ['has many parts', { 'content-type': 'multipart/byteranges; boundary=x' }, facts, 206, 'the server sent another part of the file than the one asked for'],
    ['ends before it begins', { 'content-range': 'bytes 5-4/10' }, facts, 206, 'the server sent another part of the file than the one asked for'],
    ['has a range that cannot be read', { 'content-range': 'bytes 5-9' }, facts, 206, 'the server sent another part of the file than the one asked for'],
    ['is of a longer file', { 'content-range': 'bytes 5-9/11' }, facts, 206, 'the file changed while it was being downloaded'],
    ['has another ETag', { 'content-range': 'bytes 5-9/10', etag: '"b"' }, facts, 206, 'the file changed while it was being downloaded'],
    ['does not tell a size that nobody knows', { 'content-range': 'bytes 5-9/*' }, {}, 206, 'the connection broke, and the server does not say how much is left'],
    ['is packed', { 'content-range': 'bytes 5-9/10', 'content-encoding': 'gzip' }, facts, 206, 'the server insists on packing the file on its way'],
  ])('is refused when it %s', (_, headers, known, status, reason) => {
    expect(failureOf(rest(headers, known, status))).toMatchObject({ reason, isTransient: false });
  });

  it('is worth another try when the server is busy', () => {
    expect(failureOf(rest({}, facts, 503)).isTransient).toBe(true);
  });
});
