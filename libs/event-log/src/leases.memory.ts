import type { Leases } from './leases.js';

/** Leases in the memory of this process: for tests. */
export function memoryLeases(): Leases {
  const held = new Map<string, Date>();
  return {
    renew: (attemptId, _imageId, until) => {
      held.set(attemptId, until);
      return Promise.resolve();
    },
    heldUntil: (attemptId) => Promise.resolve(held.get(attemptId)),
    release: (attemptId) => {
      held.delete(attemptId);
      return Promise.resolve();
    },
  };
}
