import type { SealedTokens } from '#libs/event-log';
import type { Logger } from '#libs/platform';
import type { CopyParts } from './copying/copy-parts.js';
import type { ReachService } from './reach-service.js';
import type { ReplicationDesk } from './replication/replication-desk.js';

export const FEDERATION = Symbol('federation');

/** What the routes of the federation service work with. */
export interface FederationRoom {
  readonly tokens: SealedTokens;
  readonly capabilityKey: string;
  readonly sealKey: string;
  /** The beginnings of the names of properties that a copy takes over. */
  readonly prefixes: readonly string[];
  readonly totalTimeoutMs: number;
  readonly reachService: ReachService;
  readonly desk: Pick<ReplicationDesk, 'carryOut'>;
  /** What copies of single images to other regions are made with. */
  readonly copying: CopyParts;
  readonly logger: Logger;
  /** Ends what is in flight when the service has to go. */
  readonly signal: AbortSignal;
  readonly clock: () => Date;
}
