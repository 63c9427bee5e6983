import { progressLine } from './progress-line.js';

describe('The line that tells how far an upload is', () => {
  it('begins where the service is, tells the rate since then, and is written twice a second at most', () => {
    const said: string[] = [];
    let now = 0;
    const mib = 1024 ** 2;
    const line = progressLine(100 * mib, (text) => said.push(text), () => now);
    line.at(50 * mib);
    for (now = 100; now <= 1000; now += 100) line.sent(mib);
    line.end();
    expect(said.map((text) => text.trim())).toEqual([
      '50% of 100.0 MiB, 0.0 MiB/s', '55% of 100.0 MiB, 10.0 MiB/s, 5 s left', '60% of 100.0 MiB, 10.0 MiB/s, 4 s left', '100% of 100.0 MiB, 45.5 MiB/s, 0 s left', '',
    ]);
  });

  it('says that an image of no bytes is all there', () => {
    const said: string[] = [];
    progressLine(0, (text) => said.push(text), () => 0).end();
    expect(said.join('')).toContain('100%');
  });
});
