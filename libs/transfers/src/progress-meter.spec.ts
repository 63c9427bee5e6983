import type { Progress } from '#libs/contracts';
import { measuredTransfer, progressMeter } from './progress-meter.js';

const attemptId = '00000000-0000-4000-8000-0000000000a1';
const transfer = { attemptId, action: 'upload', storeId: 'fast', totalBytes: 1000 } as const;

describe('The progress of a transfer', () => {
  const held = { now: new Date('2026-01-01T00:00:00Z') };
  const pass = (seconds: number) => { held.now = new Date(held.now.getTime() + seconds * 1000); };
  const begin = () => measuredTransfer(transfer, () => held.now);

  it('is how many bytes of how many, and since when', () => {
    const startedAt = held.now.toISOString();
    const measured = begin();
    pass(1);
    measured.moved(250);
    expect(measured.report('running')).toEqual({ ...transfer, step: 'receiving', state: 'running', bytes: 250, bytesPerSecond: 250, startedAt });
  });

  it('has the rate of the last five seconds, so that a stall is seen and a burst is forgotten', () => {
    const measured = begin();
    pass(1);
    measured.moved(600);
    expect(measured.report('running').bytesPerSecond).toBe(600);
    const rates = Array.from({ length: 7 }, () => {
      pass(1);
      return measured.report('running').bytesPerSecond;
    });
    expect(rates).toEqual([300, 200, 150, 120, 0, 0, 0]);
  });

  it('knows its step and how it ended, and no rate before any time has passed', () => {
    const measured = begin();
    measured.moved(1000);
    measured.step('storing');
    expect(measured.report('succeeded')).toMatchObject({ step: 'storing', state: 'succeeded', bytes: 1000, bytesPerSecond: 0 });
  });

  it('is told while it lasts, once at its end, and never again', async () => {
    const told: Progress[] = [];
    const meter = progressMeter((_, progress) => { told.push(progress); }, () => new Date(), 'image', transfer);
    meter.moved(10);
    await new Promise((resolve) => { setTimeout(resolve, 900); });
    const whileItLasted = told.length;
    meter.end('failed');
    meter.end('succeeded');
    await new Promise((resolve) => { setTimeout(resolve, 900); });
    expect(told[0]).toMatchObject({ state: 'running', bytes: 10 });
    expect(told.slice(whileItLasted).map(({ state }) => state)).toEqual(['failed']);
  });

  it('has no last word where nobody knows how it ended', async () => {
    const told: Progress[] = [];
    const meter = progressMeter((_, progress) => { told.push(progress); }, () => new Date(), 'image', transfer);
    await new Promise((resolve) => { setTimeout(resolve, 700); });
    meter.fallSilent();
    meter.end('failed');
    await new Promise((resolve) => { setTimeout(resolve, 700); });
    expect(told.map(({ state }) => state)).toEqual(['running']);
  });

  it('is not told of a transfer that is over at once', () => {
    const told: Progress[] = [];
    progressMeter((_, progress) => { told.push(progress); }, () => new Date(), 'image', transfer).end('succeeded');
    expect(told).toEqual([]);
  });
});
