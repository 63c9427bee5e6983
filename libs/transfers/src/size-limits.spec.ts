import { sizeLimits } from './size-limits.js';

const gibibyte = 1024 ** 3;

describe('size_limits', () => {
  const limit = sizeLimits(['upload=2GB', 'upload@big=10GB', 'web-download@big=1TB', 'glance-direct@none=0'], 100 * gibibyte);

  it('are those of the project, else those of the method, else image_size_cap', () => {
    expect([limit('upload', 'small'), limit('upload', 'big'), limit('upload', null), limit('glance-direct', 'big'), limit('glance-direct', 'none')])
      .toEqual([2 * gibibyte, 10 * gibibyte, 2 * gibibyte, 100 * gibibyte, 0]);
  });

  it('never allow more than image_size_cap', () => {
    expect(limit('web-download', 'big')).toBe(100 * gibibyte);
  });

  it.each(['upload', 'upload=much', 'download=2GB', 'upload@=2GB', 'upload=-1', 'upload@a b=1'])('%j is a fault that names what is expected', (text) => {
    expect(() => sizeLimits(['upload=2GB', text], 1)).toThrow(`size_limits holds ${text}; expected METHOD=SIZE`);
  });
});
