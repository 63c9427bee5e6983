import { compareWithLog, type EventLog } from '#libs/event-log';
import type { GuardPosition, ReadModel } from '#libs/read-model';

/** A log that was made anew. */
export interface RenewedLog {
  /** What the guard is to remember so that it trusts it. */
  readonly position: GuardPosition;
  readonly rememberedAs: string;
}

/**
 * Where the stream was made anew (its files were lost, or it came back from a backup under another time of creation) and yet holds what is
 * remembered: the very bytes at the very sequence. Undefined otherwise. What lies further back is checked by the hash chain: `log:verify`.
 */
export async function renewedLog(log: EventLog, readModel: Pick<ReadModel, 'guardPosition'>): Promise<RenewedLog | undefined> {
  const known = await readModel.guardPosition();
  const { createdAt } = await log.extent();
  if (!known || known.logCreatedAt === createdAt) return undefined;
  const { sequence, hash, logCreatedAt: rememberedAs } = known;
  if (await compareWithLog(log, { createdAt, sequence, hash }) !== 'trusted') return undefined;
  return { position: { logCreatedAt: createdAt, sequence, hash }, rememberedAs };
}
