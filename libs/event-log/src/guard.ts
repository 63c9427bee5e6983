import { hashOfCommit } from '#libs/contracts';
import type { EventLog, LogExtent, Stored } from './event-log.js';

/** What is known of the log outside of it, written together with the rows it led to. */
export interface RememberedPosition {
  readonly createdAt: string;
  /** 0: nothing of this log was ever seen. */
  readonly sequence: number;
  /** The hash of the message at `sequence`. */
  readonly hash: string;
}

export type LogJudgement = 'trusted' | { readonly lost: string };

/**
 * Whether the log still holds what is remembered of it. A log that lost its tail gives the same sequences out again without a word, and whoever skips
 * what it has seen would silently skip new commits: so nothing may be accepted on it. A log that is ahead of what is remembered is in order.
 */
export function judgeLog(remembered: RememberedPosition | undefined, extent: LogExtent, atPosition: Stored | undefined): LogJudgement {
  if (!remembered || remembered.sequence === 0) return 'trusted';
  const { createdAt, sequence, hash } = remembered;
  if (extent.createdAt !== createdAt) return lost(`it was created at ${extent.createdAt}, and the one remembered at ${createdAt}: the log was replaced`);
  if (extent.lastSequence < sequence) return lost(`it ends at sequence ${extent.lastSequence}, and sequence ${sequence} was there before: the log lost its tail`);
  if (!atPosition) return lost(`the message at sequence ${sequence} is gone`);
  if (hashOfCommit(atPosition.bytes) !== hash) return lost(`another message stands at sequence ${sequence} than was there before: the log lost its tail and went on`);
  return 'trusted';
}

/** Asks the log's leader for what `judgeLog` needs. Refuses: Unavailable. */
export async function compareWithLog(log: EventLog, remembered: RememberedPosition | undefined): Promise<LogJudgement> {
  const extent = await log.extent();
  const atPosition = remembered && remembered.sequence > 0 ? await log.at(remembered.sequence) : undefined;
  return judgeLog(remembered, extent, atPosition);
}

const lost = (reason: string): LogJudgement => ({ lost: reason });
