import { Problem } from '#libs/domain';
import { seal, unseal, type SealedUse } from './seal.js';

/** The import and the URI that a query belongs to: it opens for no other. */
export interface QueryOf {
  readonly importId: string;
  /** As the log has it: without its query. */
  readonly sourceUri: string;
}

/** Seals the query of a URI, which may hold a signature, for the way from gateway to importer. It stands with its question mark. */
export const sealQuery = (key: string, query: string, of: QueryOf, expiresAt: Date): string => seal(key, useFor(of), query, expiresAt);

/** The query. Refuses: UriQueryLost where it has expired, was sealed for something else or with another key, or was altered. */
export function openQuery(key: string, sealed: string, of: QueryOf, now: Date): string {
  const opened = unseal<string>(key, useFor(of), sealed, now);
  if (!opened || opened.hasExpired) throw new Problem('UriQueryLost');
  return opened.secret;
}

const useFor = ({ importId, sourceUri }: QueryOf): SealedUse => ({ purpose: 'heliograph sealed query', bound: [importId, sourceUri] });
