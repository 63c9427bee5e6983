import { ownAppends } from './own-appends.js';

function anAppend() {
  let answer: (sequence: number) => void = () => undefined;
  let refuse: (error: Error) => void = () => undefined;
  const appended = new Promise<{ sequence: number }>((resolve, reject) => {
    answer = (sequence) => { resolve({ sequence }); };
    refuse = reject;
  });
  return { appended, answer, refuse };
}

describe('The appends of this process', () => {
  it('are waited for until each has been answered, however it ended, and no longer than those that were under way', async () => {
    const own = ownAppends();
    const [one, other, later] = [anAppend(), anAppend(), anAppend()];
    const counted = [own.count(one.appended), own.count(other.appended)];
    let through = 0;
    const answered = own.answered().then((sequence) => { through = sequence; });
    void own.count(later.appended);
    one.answer(7);
    await counted[0];
    expect(through).toBe(0);
    other.refuse(new Error('somebody was first'));
    await expect(counted[1]).rejects.toThrow('somebody was first');
    await answered;
    expect(through).toBe(7);
  });

  it('are none where nothing was appended', async () => {
    expect(await ownAppends().answered()).toBe(0);
  });
});
