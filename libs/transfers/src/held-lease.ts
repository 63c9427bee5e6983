import type { Leases } from '#libs/event-log';
import { Problem } from '#libs/domain';

export interface LeaseOptions {
  readonly leases: Leases;
  readonly leaseMs: number;
  readonly clock: () => Date;
  readonly imageId: string;
  readonly attemptId: string;
  /** Called once when the lease could not be renewed in time: whatever moves bytes under it must stop. */
  readonly onLost: (reason: Problem) => void;
}

export interface HeldLease {
  /** Renews now; refuses with AttemptOver where the lease ran out in between, as somebody else may have taken the image. */
  confirm(): Promise<void>;
  /** Stops renewing and gives the lease back. Never rejects: a lease that nobody gives back runs out. */
  release(): Promise<void>;
}

/**
 * Holds an attempt's lease while its bytes move, renewing it three times per lease. A process that stalled longer than its lease and wakes
 * up finds it lost, by its own clock, before it can do harm; an outage shorter than a lease is bridged. Source: DESIGN.md section 4.
 */
export function holdLease({ leases, leaseMs, clock, imageId, attemptId, onLost }: LeaseOptions): HeldLease {
  let heldUntil = clock().getTime() + leaseMs;
  let isOver = false;
  let renewing: Promise<void> = Promise.resolve();

  const lose = (): Problem => {
    const reason = new Problem('AttemptOver', { imageId });
    if (!isOver) onLost(reason);
    isOver = true;
    clearInterval(timer);
    return reason;
  };

  async function renew(): Promise<void> {
    if (isOver || clock().getTime() >= heldUntil) throw lose();
    const until = clock().getTime() + leaseMs;
    await leases.renew(attemptId, imageId, new Date(until));
    if (clock().getTime() >= heldUntil) throw lose();
    heldUntil = until;
  }

  const timer = setInterval(() => {
    // A renewal that fails is tried again at the next tick; the lease itself says when it is too late.
    renewing = renew().catch(() => {});
  }, leaseMs / 3);
  timer.unref();

  return {
    confirm: renew,
    async release() {
      isOver = true;
      clearInterval(timer);
      await renewing;
      await leases.release(attemptId).catch(() => {});
    },
  };
}
