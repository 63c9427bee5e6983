import { readModelReached } from './reached.js';

describe('Waiting for the read model', () => {
  it('lets a reply go at once when its commit can be read already', async () => {
    const reached = readModelReached();
    reached.advance(7);
    await expect(reached.until(7, 1)).resolves.toBeUndefined();
  });

  it('lets every reply go whose commit has become readable, and no other', async () => {
    const reached = readModelReached();
    const gone: number[] = [];
    const waits = [3, 1, 2].map((sequence) => reached.until(sequence, 1000).then(() => gone.push(sequence)));
    reached.advance(2);
    await Promise.all(waits.slice(1));
    expect(gone.sort()).toEqual([1, 2]);
    reached.advance(3);
    await waits[0];
  });

  it('refuses with NotYetVisible when the time is over', async () => {
    await expect(readModelReached().until(1, 5)).rejects.toMatchObject({ code: 'NotYetVisible', params: { seconds: 1 } });
  });

  it('never goes back for a late announcement, but does when the read model starts over', async () => {
    const reached = readModelReached();
    reached.advance(9);
    reached.advance(4);
    expect(reached.sequence()).toBe(9);
    reached.restart(4);
    expect(reached.sequence()).toBe(4);
    await expect(reached.until(5, 5)).rejects.toMatchObject({ code: 'NotYetVisible' });
  });
});
