import { Counter, Gauge, type Registry } from 'prom-client';

/** What this process holds and has lost of the leases that keep transfers alive. A lease that is lost has ended a transfer. */
export function leaseMetrics(registry: Registry, tally: { held(): number; lost(): number }): void {
  new Gauge({
    name: 'heliograph_leases_held', help: 'Transfers whose lease this process holds.', registers: [registry],
    collect() { this.set(tally.held()); },
  });
  new Counter({
    name: 'heliograph_leases_lost_total', help: 'Leases of this process that ran out before the transfer had ended.', registers: [registry],
    collect() { this.reset(); this.inc(tally.lost()); },
  });
}
