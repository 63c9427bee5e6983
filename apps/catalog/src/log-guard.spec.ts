import { createLogGuard, type LogGuard, type Trust } from './log-guard.js';

type Finding = 'trusted' | { lost: string };

function aGuard(answers: (Finding | Error | Promise<Finding>)[]): { guard: LogGuard; told: Trust[] } {
  const told: Trust[] = [];
  const guard = createLogGuard({
    compare: async () => {
      const answer = answers.length > 1 ? answers.shift() : answers[0];
      if (answer instanceof Error) throw answer;
      return answer as Finding;
    },
    onChange: (trust) => told.push(trust),
    onUnreadable: () => undefined,
  });
  return { guard, told };
}

describe('The guard of the log', () => {
  it('compares before the first command and then trusts', async () => {
    const { guard, told } = aGuard(['trusted', new Error('must not be asked again')]);
    await guard.ensureTrusted();
    await guard.ensureTrusted();
    expect(told).toEqual([{ is: 'trusted' }]);
  });

  it('refuses commands on a log that lost its tail, and says why', async () => {
    const { guard } = aGuard([{ lost: 'ends at 3, remembered 5' }]);
    await expect(guard.ensureTrusted()).rejects.toMatchObject({ code: 'LogNotTrusted' });
    expect(guard.trust()).toEqual({ is: 'lost', reason: 'ends at 3, remembered 5' });
  });

  it('trusts again once the tail is back', async () => {
    const { guard, told } = aGuard([{ lost: 'tail' }, 'trusted']);
    await guard.check();
    await guard.check();
    await expect(guard.ensureTrusted()).resolves.toBeUndefined();
    expect(told.map(({ is }) => is)).toEqual(['lost', 'trusted']);
  });

  it('trusts nothing after a lost connection until it has compared again', async () => {
    const { guard } = aGuard(['trusted', { lost: 'tail' }]);
    await guard.ensureTrusted();
    guard.doubt();
    expect(guard.trust()).toEqual({ is: 'unknown' });
    await expect(guard.ensureTrusted()).rejects.toMatchObject({ code: 'LogNotTrusted' });
  });

  it('does not believe a comparison that began before the connection was lost', async () => {
    let answer: (finding: Finding) => void = () => undefined;
    const { guard } = aGuard([new Promise<Finding>((resolve) => { answer = resolve; }), { lost: 'tail' }]);
    const old = guard.check();
    guard.doubt();
    answer('trusted');
    expect(await old).toEqual({ is: 'unknown' });
    await expect(guard.ensureTrusted()).rejects.toMatchObject({ code: 'LogNotTrusted' });
  });

  it('answers Unavailable while the log cannot be read, or does not answer in time', async () => {
    await expect(aGuard([new Error('no NATS')]).guard.ensureTrusted()).rejects.toMatchObject({ code: 'Unavailable' });
    await expect(aGuard([new Promise<Finding>(() => undefined)]).guard.ensureTrusted(5)).rejects.toMatchObject({ code: 'Unavailable' });
  });

  it('keeps distrusting a lost log while it cannot be read', async () => {
    const { guard } = aGuard([{ lost: 'tail' }, new Error('no NATS')]);
    await guard.check();
    guard.doubt();
    await guard.check();
    await expect(guard.ensureTrusted()).rejects.toMatchObject({ code: 'LogNotTrusted' });
  });
});
