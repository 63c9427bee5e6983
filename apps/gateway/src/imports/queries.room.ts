import { sealQuery } from '#libs/contracts';
import { Problem, type Image, type ImageCommand } from '#libs/domain';
import { sealedTokenDrop, type SealedTokenDrop } from '#libs/event-log';
import type { ServiceParts } from '#libs/platform';
import type { GatewayConfig } from '../config.js';
import { leavingSealed } from './left-sealed.js';

export const QUERIES = Symbol('queries');

type WebImport = Pick<Extract<ImageCommand, { type: 'RequestImageImport' }>, 'importId' | 'sourceUri'>;

/** What the gateway does with the query of a URI. */
export interface QueriesRoom {
  /** Leaves the query, sealed, where the importer finds it, and then requests the import; where there is none, only that. Refuses: Unavailable, and what `send` does. */
  withQuery(query: string, command: WebImport, send: () => Promise<Image>): Promise<void>;
}

/** An import that takes longer than a day to begin fails and says so. */
const keptForMs = 24 * 60 * 60 * 1000;

export const openQueries = ({ config, bus }: Pick<ServiceParts<GatewayConfig>, 'config' | 'bus'>): QueriesRoom =>
  ({ withQuery: leavingQueries(config.sealKey, sealedTokenDrop(bus.connection, { region: bus.region, kind: 'query' })) });

export const leavingQueries = (sealKey: string | undefined, drop: SealedTokenDrop): QueriesRoom['withQuery'] => async (query, { importId, sourceUri = '' }, send) => {
  if (query === '') return void await send();
  if (sealKey === undefined) throw new Problem('UriNotAllowed', { part: 'it has a query, which may hold a secret and so is kept nowhere' });
  const until = new Date(Date.now() + keptForMs);
  await leavingSealed(drop, { importId, sealed: sealQuery(sealKey, query, { importId, sourceUri }, until), until }, send);
};
