import { uploadRange } from './content-range.js';

const refused = expect.objectContaining({ code: 'ContentRangeInvalid' }) as Error;

describe('Content-Range of a part', () => {
  it('tells where the part begins, where it ends, and how large the whole is', () => {
    expect(uploadRange('bytes 0-9/100', '10')).toEqual({ at: 0, endsAt: 10, totalBytes: 100 });
    expect(uploadRange('Bytes 90-99/100', undefined)).toEqual({ at: 90, endsAt: 100, totalBytes: 100 });
  });

  it('may leave open how large the whole is', () => {
    expect(uploadRange('bytes 5-9/*', '5')).toEqual({ at: 5, endsAt: 10 });
  });

  it('without a range, and with no body, asks how far the upload is', () => {
    expect(uploadRange('bytes */100', '0')).toEqual({ totalBytes: 100 });
    expect(uploadRange('bytes */*', undefined)).toEqual({});
  });

  it.each([
    ['bytes 0-9/100', '9'], ['bytes 9-0/100', undefined], ['bytes 0-100/100', undefined], ['bytes */100', '5'],
    ['bytes=0-9', '10'], ['bytes 0-9', '10'], ['items 0-9/100', '10'], ['bytes 0-9999999999999999/*', undefined], ['', undefined],
  ])('that is %s, with %s bytes, is refused', (given, contentLength) => {
    expect(() => uploadRange(given, contentLength)).toThrow(refused);
  });
});
