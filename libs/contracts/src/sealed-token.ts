import { Problem } from '#libs/domain';
import { seal, unseal, type SealedUse } from './seal.js';

/** What federation needs to fetch an image from another region in the name of the caller. */
export interface RemoteAccess {
  /** The caller's own token. */
  readonly token: string;
  /** The Image API of that region, from the caller's own service catalogue; or the address of an object in an object store of it. */
  readonly endpoint: string;
  /** The id of the image; of an object its location, as the caller named it. */
  readonly imageId: string;
}

/** What stands in its place where the caller's catalogue has no such endpoint: what was asked for, and what it has. */
export interface NoAccess {
  readonly interface: string;
  readonly known: string;
}

/** What a seal is bound to, so that it opens for this import, this source and this time alone. */
export interface SealedFor {
  readonly importId: string;
  /** The region that the image comes from; empty for an object. */
  readonly region: string;
  readonly expiresAt: Date;
}

/** Seals the access for the way from gateway to federation. */
export const sealAccess = (key: string, access: RemoteAccess | NoAccess, place: SealedFor): string => seal(key, useFor(place), access, place.expiresAt);

/** The access. Refuses: RegionNotInCatalogue; RemoteTokenRefused where it has expired, RemoteTokenLost where it was sealed for something else or with another key, or was altered. */
export function openAccess(key: string, sealed: string, place: Omit<SealedFor, 'expiresAt'>, now: Date): RemoteAccess {
  const opened = unseal<RemoteAccess | NoAccess>(key, useFor(place), sealed, now);
  if (!opened) throw new Problem('RemoteTokenLost');
  const { secret, hasExpired } = opened;
  if (hasExpired) throw new Problem('RemoteTokenRefused', { region: place.region });
  if ('known' in secret) throw new Problem('RegionNotInCatalogue', { region: place.region, ...secret });
  return secret;
}

const useFor = ({ importId, region }: Omit<SealedFor, 'expiresAt'>): SealedUse => ({ purpose: 'heliograph sealed token', bound: [importId, region] });
