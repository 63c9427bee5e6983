import { keepSealedTokens, sealedTokens } from '#libs/event-log';
import type { ServiceParts } from '#libs/platform';
import type { FederationConfig } from './config.js';
import { prefixesOf } from './extra-properties.js';
import type { FederationRoom } from './federation.room.js';
import { reachService } from './reach-service.js';
import { openReplication } from './replication/open-replication.js';
import { openReplicationDesk } from './replication/replication-desk.js';

/** Opens what federation works with, keeps the place where the gateway leaves sealed tokens, and drives replication. Stops with the service. */
export async function openFederation(parts: ServiceParts<FederationConfig>): Promise<FederationRoom> {
  const { config, bus, logger, readiness, shutdown } = parts;
  const stop = new AbortController();
  await keepSealedTokens(bus.connection, bus.region, stop.signal);
  const desk = await openReplicationDesk(bus);
  const carriage = await openReplication(parts, desk);
  const tokens = await sealedTokens(bus.connection, { region: bus.region });
  readiness.add('sealed tokens', async () => { await tokens.get('00000000-0000-4000-8000-000000000000'); });
  shutdown.onStop(() => { stop.abort(new Error('The federation service stops.')); });
  const totalTimeoutMs = config.glanceDownloadTimeout * 1000;
  const clock = (): Date => new Date();
  return {
    copying: { region: bus.region, tokens, sealKey: config.sealKey, desk, carriage, totalTimeoutMs, clock },
    tokens, desk, logger, capabilityKey: config.capabilityKey, sealKey: config.sealKey, prefixes: prefixesOf(config), totalTimeoutMs,
    reachService: reachService({ timeoutMs: config.regionProbeSeconds * 1000 }), signal: stop.signal, clock,
  };
}
