import type { Progress } from '#libs/contracts';
import { Problem } from '#libs/domain';
import { listenerSeats } from './listener-seats.js';
import { progressBoard } from './progress-board.js';
import { progressView } from './progress.view.js';

const word = (attemptId: string, more: Partial<Progress> = {}): Progress => ({
  attemptId, action: 'upload', step: 'receiving', state: 'running', storeId: 'fast', bytes: 250, totalBytes: 1000, bytesPerSecond: 100,
  startedAt: '2026-01-01T00:00:00.000Z', ...more,
});

describe('What a gateway remembers of transfers', () => {
  const held = { now: new Date('2026-01-01T00:00:10Z') };
  const pass = (seconds: number) => { held.now = new Date(held.now.getTime() + seconds * 1000); };
  const board = (capacity?: number) => progressBoard(() => held.now, capacity === undefined ? {} : { capacity });

  it('is the latest word on each, by image, first begun first', () => {
    const { hear, of } = board();
    hear('a', word('second', { startedAt: '2026-01-01T00:00:05.000Z' }));
    hear('a', word('first'));
    hear('b', word('other'));
    hear('a', word('first', { bytes: 300 }));
    expect(of('a').map(({ progress }) => [progress.attemptId, progress.bytes])).toEqual([['first', 300], ['second', 250]]);
    expect(of('c')).toEqual([]);
  });

  it('is forgotten when a transfer has been silent for half a minute, as one is whose process died', () => {
    const { hear, of, size } = board();
    hear('a', word('silent'));
    pass(29);
    hear('a', word('lively'));
    expect(of('a')).toHaveLength(2);
    pass(1);
    expect(of('a').map(({ progress }) => progress.attemptId)).toEqual(['lively']);
    pass(30);
    expect([of('a'), size()]).toEqual([[], 0]);
  });

  it('never grows beyond its capacity: the longest silent goes first', () => {
    const { hear, of, size } = board(2);
    hear('a', word('1'));
    hear('b', word('2'));
    hear('a', word('1'));
    hear('c', word('3'));
    expect([size(), of('a').length, of('b').length, of('c').length]).toEqual([2, 1, 0, 1]);
  });

  it('is told to those who listen to the image, until they leave', () => {
    const { hear, listen } = board();
    let heard = 0;
    const leave = listen('a', () => { heard += 1; });
    hear('a', word('1'));
    hear('b', word('2'));
    leave();
    hear('a', word('1'));
    expect(heard).toBe(1);
  });

  it('is shown with the time that is left, where that can be known', () => {
    const { hear, of } = board();
    const shown = (more: Partial<Progress>) => {
      hear('a', word('1', more));
      return (progressView(of('a')) as { progress: object[] }).progress[0];
    };
    expect(shown({})).toEqual({
      id: '1', action: 'upload', step: 'receiving', state: 'running', store: 'fast', task_id: null, bytes: 250, total_bytes: 1000, bytes_per_second: 100,
      seconds_left: 8, started_at: '2026-01-01T00:00:00Z', updated_at: expect.any(String) as string,
    });
    expect(shown({ bytesPerSecond: 0 })).toMatchObject({ seconds_left: null });
    const { totalBytes: _, ...unannounced } = word('1');
    hear('a', unannounced);
    expect(progressView(of('a'))).toMatchObject({ progress: [{ total_bytes: null, seconds_left: null }] });
    expect(shown({ bytes: 1000, state: 'succeeded' })).toMatchObject({ seconds_left: 0 });
    expect(shown({ action: 'stage', storeId: 'os_glance_staging_store' })).toMatchObject({ store: null });
  });
});

describe('Listeners to progress', () => {
  const refusal = (take: () => unknown): string | undefined => {
    try {
      take();
      return undefined;
    } catch (error) {
      return error instanceof Problem ? error.code : String(error);
    }
  };

  it('are bounded for each project and in all, and a seat that is given back can be taken again', () => {
    const seats = listenerSeats({ inAll: 3, perProject: 2 });
    const leave = seats.take('p');
    seats.take('p');
    expect(refusal(() => seats.take('p'))).toBe('TooManyListeners');
    seats.take('q');
    expect(refusal(() => seats.take('q'))).toBe('ListenersFull');
    leave();
    leave();
    seats.take('p');
    expect(refusal(() => seats.take('q'))).toBe('ListenersFull');
  });
});
