import { openQuery, type QueryOf } from '#libs/contracts';
import { Problem } from '#libs/domain';
import { keepSealedTokens, sealedTokens, type SealedTokens } from '#libs/event-log';
import type { ServiceParts } from '#libs/platform';
import type { ImporterConfig } from './config.js';

/** The queries of URIs, which the log does not have: they may hold a signature. */
export interface WebQueries {
  /** With its question mark. Refuses: UriQueryLost, Unavailable. */
  of(asked: QueryOf): Promise<string>;
  /** The import has ended, and nobody needs it any more. Never rejects: what cannot be removed now goes with its expiry. */
  forget(importId: string): Promise<void>;
}

export const webQueries = (tokens: SealedTokens, sealKey: string, clock: () => Date): WebQueries => ({
  async of(asked) {
    const sealed = await tokens.get(asked.importId);
    if (sealed === undefined) throw new Problem('UriQueryLost');
    return openQuery(sealKey, sealed, asked, clock());
  },
  forget: (importId) => tokens.remove(importId).catch(() => undefined),
});

const noQueries: WebQueries = {
  of: () => Promise.reject(new Problem('UriQueryLost')),
  forget: () => Promise.resolve(),
};

/** Keeps the place where the gateway leaves them, and reads there; none without a key. Stops with the service. */
export async function openWebQueries({ config, bus, readiness, shutdown }: ServiceParts<ImporterConfig>): Promise<WebQueries> {
  if (config.sealKey === undefined) return noQueries;
  const stop = new AbortController();
  await keepSealedTokens(bus.connection, bus.region, stop.signal, 'query');
  const tokens = await sealedTokens(bus.connection, { region: bus.region, kind: 'query' });
  readiness.add('sealed queries', async () => { await tokens.get('00000000-0000-4000-8000-000000000000'); });
  shutdown.onStop(() => { stop.abort(new Error('The importer stops.')); });
  return webQueries(tokens, config.sealKey, () => new Date());
}
