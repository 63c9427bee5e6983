import { requestedRange } from './range-header.js';

const of = (range: string, sizeBytes = 100) => requestedRange({ range }, sizeBytes);

describe('Download binary image data: Range', () => {
  it.each([
    ['bytes=0-9', { start: 0, end: 9 }],
    ['bytes=10-', { start: 10, end: 99 }],
    ['bytes=-10', { start: 90, end: 99 }],
    ['bytes=-1000', { start: 0, end: 99 }],
    ['bytes=50-1000', { start: 50, end: 99 }],
    ['bytes=99-99', { start: 99, end: 99 }],
  ])('reads %s of 100 bytes', (header, range) => {
    expect(of(header)).toEqual(range);
  });

  it.each(['bytes=100-', 'bytes=9-8', 'bytes=-', 'bytes=a-b', 'bytes', 'lines=0-9', 'bytes=-0', 'bytes=0x1-2', `bytes=${'9'.repeat(40)}-`])(
    'says that %s lies outside of the data', (header) => {
      expect(() => of(header)).toThrow(expect.objectContaining({ code: 'RangeNotSatisfiable' }) as Error);
    });

  it('refuses several ranges at once', () => {
    expect(() => of('bytes=0-1,5-6')).toThrow(expect.objectContaining({ code: 'InvalidRequest' }) as Error);
  });

  it('finds no range inside of no data', () => {
    expect(() => of('bytes=0-', 0)).toThrow(expect.objectContaining({ code: 'RangeNotSatisfiable' }) as Error);
  });

  it('gives everything where none is asked for', () => {
    expect(requestedRange({}, 100)).toBeUndefined();
  });

  it('honours the older Content-Range of a request', () => {
    expect(requestedRange({ contentRange: 'bytes 5-9/*' }, 100)).toEqual({ start: 5, end: 9 });
    expect(requestedRange({ contentRange: 'bytes 5-9/100' }, 100)).toEqual({ start: 5, end: 9 });
  });

  it('says that a malformed Content-Range lies outside of the data', () => {
    expect(() => requestedRange({ contentRange: 'bytes 5-' }, 100)).toThrow(expect.objectContaining({ code: 'RangeNotSatisfiable' }) as Error);
  });
});
