import type { CapabilityClaims } from '#libs/contracts';
import type { Logger } from '#libs/platform';
import type { Store } from '#libs/stores';
import type { Transfer, TransferParts, Uploads } from '#libs/transfers';

export const STAGING = Symbol('staging');

/** What the routes of the staging service work with. */
export interface StagingRoom {
  readonly store: Store;
  readonly transfer: TransferParts;
  readonly uploads: Uploads;
  readonly capabilityKey: string;
  readonly logger: Logger;
  /** Sends commands on behalf of whom the capability was given for. */
  sender(claims: Pick<CapabilityClaims, 'imageId' | 'requestId' | 'actor' | 'personal'>): Transfer['send'];
}
