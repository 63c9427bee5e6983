import type { ReplicationPolicy } from '#libs/domain';
import type { SealedTokens } from '#libs/event-log';
import type { Carriage } from '../replication/carriage.js';
import type { ReplicationDesk } from '../replication/replication-desk.js';

/** What single images are copied to other regions with. */
export interface CopyParts {
  /** This region. */
  readonly region: string;
  readonly tokens: SealedTokens;
  readonly sealKey: string;
  readonly desk: Pick<ReplicationDesk, 'load'>;
  /** How images of a policy travel, with the operator's accounts. */
  readonly carriage: (id: string, policy: Pick<ReplicationPolicy, 'settings'>, signal: AbortSignal) => Promise<Carriage>;
  /** How long an image may take to all its regions. */
  readonly totalTimeoutMs: number;
  readonly clock: () => Date;
}
