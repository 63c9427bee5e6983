import { PassThrough } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import type { Progress } from '#libs/contracts';
import { progressBoard } from './progress-board.js';
import { streamProgress, type ProgressStream } from './progress-stream.js';

const word = (bytes: number, state: Progress['state'] = 'running'): Progress =>
  ({ attemptId: 'one', action: 'upload', step: 'receiving', state, storeId: 'fast', bytes, totalBytes: 100, bytesPerSecond: 10, startedAt: '2026-01-01T00:00:00.000Z' });
const quick = { eventMs: 5, heartbeatMs: 40, quietMs: 500, checkMs: 5000 };

function listening(more: Partial<ProgressStream> = {}, highWaterMark = 1_000_000) {
  const board = progressBoard(() => new Date());
  const response = new PassThrough({ highWaterMark });
  const stop = new AbortController();
  const ended = streamProgress({ board, imageId: 'a', response, times: quick, stop: stop.signal, mayStillSee: async () => true, ...more });
  const text = (): string => String(response.read() ?? '');
  return { board, response, stop, ended, text };
}

describe('A stream of progress', () => {
  it('says what is known at once, then every change, and ends when nothing has run for a while', async () => {
    const { board, ended, text } = listening();
    let all = '';
    const until = async (part: string): Promise<void> => { while (!all.includes(part)) { await pause(5); all += text(); } };
    await until('"progress":[]');
    board.hear('a', word(10));
    await until('"bytes":10,');
    board.hear('a', word(100, 'succeeded'));
    await ended;
    all += text();
    const events = all.split('\n\n').filter((event) => event.startsWith('id:'));
    expect(events.map((event) => event.split('\n').slice(0, 2).join(' '))).toEqual(['id: 1 event: progress', 'id: 2 event: progress', 'id: 3 event: progress', 'id: 4 event: end']);
    expect(events.slice(0, 3).map((event) => (JSON.parse(event.split('data: ')[1] ?? '') as { progress: { bytes: number }[] }).progress[0]?.bytes)).toEqual([undefined, 10, 100]);
  });

  it('keeps the connection alive by comments while there is nothing new, and goes on as long as something runs', async () => {
    const { board, ended, text } = listening({ times: quick });
    let all = '';
    for (const from = Date.now(); Date.now() - from < 1000 || !all.includes(': still here'); all += text()) {
      board.hear('a', word(10));
      await pause(20);
    }
    expect(all).not.toContain('event: end');
    board.hear('a', word(10, 'succeeded'));
    await ended;
  });

  it('ends when the listener may not see the image any more', async () => {
    const { board, ended, text } = listening({ times: { ...quick, checkMs: 20, quietMs: 60_000 }, mayStillSee: async () => false });
    board.hear('a', word(10));
    await ended;
    expect(text()).toMatch(/event: end\ndata: {}\n\n$/);
  });

  it('ends when the listener leaves, and when the service stops', async () => {
    const left = listening({ times: { ...quick, quietMs: 60_000 } });
    left.response.destroy();
    await left.ended;
    const stopped = listening({ times: { ...quick, quietMs: 60_000 } });
    stopped.stop.abort();
    await stopped.ended;
    expect(stopped.text()).toContain('event: end');
  });

  it('keeps nothing for a listener who does not read: he gets the latest when he reads again', async () => {
    const { board, response, ended } = listening({}, 100);
    for (let bytes = 1; bytes <= 20; bytes += 1) {
      board.hear('a', word(bytes));
      await pause(10);
    }
    expect(response.writableLength + response.readableLength).toBeLessThan(2000);
    board.hear('a', word(77, 'succeeded'));
    let all = '';
    for await (const chunk of response) all += String(chunk);
    await ended;
    expect(all).toContain('"bytes":77');
    expect(all.match(/event: progress/g)?.length).toBeLessThan(6);
  });
});
