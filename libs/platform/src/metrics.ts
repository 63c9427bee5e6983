import { Registry, collectDefaultMetrics } from 'prom-client';

/** The metrics of this process, with the usual ones of Node in them; what a service measures itself is registered here too. */
export function createMetrics(facts: { service: string; region: string }): Registry {
  const registry = new Registry();
  registry.setDefaultLabels(facts);
  collectDefaultMetrics({ register: registry, prefix: 'heliograph_' });
  return registry;
}
