import { afterAttempt, type WebhookRules, type WebhookState } from './webhook-schedule.js';

const rules: WebhookRules = { retrySeconds: 5, attempts: 8, abandonedBeforePause: 3 };
const fresh: WebhookState = { attempts: 0, abandoned: 0 };

describe('A webhook whose receiver fails', () => {
  it('is tried again after longer and longer, and an event is given up after the last attempt', () => {
    let state: WebhookState = fresh;
    const waits: number[] = [];
    for (let tries = 0; tries < 7; tries += 1) {
      const after = afterAttempt(state, 500, rules);
      expect(after.state).toBe('retrying');
      waits.push(after.waitSeconds);
      state = after;
    }
    expect(waits).toEqual([5, 25, 125, 625, 3125, 15_625, 18_000]);
    expect(afterAttempt(state, null, rules)).toEqual({ state: 'abandoned', attempts: 0, abandoned: 1, waitSeconds: 5 });
  });

  it('is paused when several events in a row were given up, and not when one in between was taken', () => {
    expect(afterAttempt({ attempts: 7, abandoned: 2 }, 500, rules).pausedBecause).toBe('3 events in a row were not taken, each after 8 attempts.');
    expect(afterAttempt({ attempts: 3, abandoned: 2 }, 204, rules)).toEqual({ state: 'delivered', attempts: 0, abandoned: 0, waitSeconds: 0 });
  });

  it('is paused at once where it says that it is gone, and a redirect is no success', () => {
    expect(afterAttempt(fresh, 410, rules).pausedBecause).toContain('410');
    expect(afterAttempt(fresh, 302, rules).state).toBe('retrying');
  });
});
