/**
 * Leases of attempts: as long as its lease is held, somebody is moving the attempt's bytes. Nothing of them is durable: they may be lost when their
 * keeper restarts, so whoever ends attempts waits one full lease after a start or reconnect. Until when a lease is held is judged by the caller's clock.
 * Drivers: `leases.jetstream.ts`, and `leases.memory.ts` for tests. `leases.suite.ts` holds them to it.
 */
export interface Leases {
  /** Holds the attempt's lease until the given moment, whatever it was before. Refuses: Unavailable. */
  renew(attemptId: string, imageId: string, until: Date): Promise<void>;
  /** Until when the lease is held, also where that is past; undefined where it was never held, was released, or was lost. Sees every acknowledged renewal. Refuses: Unavailable. */
  heldUntil(attemptId: string): Promise<Date | undefined>;
  /** Ends the lease; one that is not held stays so. Refuses: Unavailable. */
  release(attemptId: string): Promise<void>;
}
