import type { StatusAnswer } from '#libs/contracts';

/** Throws where the catalog goes by another lease: living uploads would be ended, or dead ones kept. */
export function ensureSameLease(leaseSeconds: number, catalog: StatusAnswer): void {
  if (catalog.leaseSeconds === leaseSeconds) return;
  throw new Error(`heliograph.lease_seconds is ${leaseSeconds} here and ${catalog.leaseSeconds} at the catalog: give both the same`);
}
