import type { Leases } from './leases.js';

export interface LeaseTally {
  /** The same leases, counted as this process renews and releases them. */
  readonly leases: Leases;
  /** How many this process holds now. */
  held(): number;
  /** How many of this process have run out without having been released, since it began. */
  lost(): number;
}

/** Counts the leases that this process holds, by its own clock: one that it could neither renew nor give back in time is lost. */
export function tallyLeases(leases: Leases, clock: () => Date): LeaseTally {
  const held = new Map<string, Date>();
  let lost = 0;

  function settle(): void {
    const now = clock();
    for (const [attemptId, until] of held) {
      if (until > now) continue;
      held.delete(attemptId);
      lost += 1;
    }
  }

  return {
    leases: {
      heldUntil: (attemptId) => leases.heldUntil(attemptId),
      async renew(attemptId, imageId, until) {
        await leases.renew(attemptId, imageId, until);
        settle();
        held.set(attemptId, until);
      },
      async release(attemptId) {
        settle();
        held.delete(attemptId);
        await leases.release(attemptId);
      },
    },
    held: () => { settle(); return held.size; },
    lost: () => { settle(); return lost; },
  };
}
