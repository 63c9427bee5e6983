import type { ImageCommandAnswer, ImageCommandMessage } from '#libs/contracts';
import { Problem } from '#libs/domain';
import { crashPoint, type Executor, type Leases } from '#libs/event-log';
import type { LogGuard } from '../log-guard.js';
import type { LogRoom } from '../log-room.js';
import { checkedCommandMessage } from './command-message.js';
import type { Reached } from '#libs/platform';

export interface CarryOutOptions {
  readonly guard: Pick<LogGuard, 'ensureTrusted'>;
  readonly room: LogRoom;
  readonly leases: Pick<Leases, 'renew' | 'heldUntil'>;
  readonly execute: Executor['execute'];
  readonly reached: Pick<Reached, 'until'>;
  /** Whether the log's leader shows that a command was carried out before. */
  wasCarriedOut(imageId: string, commandId: string): Promise<boolean>;
  /** Whether leases may just have been lost with the memory they live in. */
  isLeaseGrace(): boolean;
  clock(): Date;
  readonly leaseSeconds: number;
  /** How long deleted images are kept; 0 for not at all. */
  readonly retentionSeconds: number;
  /** How long a reply waits for the read model; DESIGN.md section 2 says two seconds. */
  readonly visibleWithinMs: number;
}

/**
 * `do.<region>.image`: one command, from the bus to a commit that can be read back. Refuses: InvalidRequest, LogNotTrusted, LogFull, Unavailable,
 * what the decider refuses, AttemptOver for data whose lease ran out, and NotYetVisible: recorded, but not readable within two seconds.
 */
export async function carryOut(message: unknown, options: CarryOutOptions): Promise<ImageCommandAnswer> {
  const checked = withMoments(checkedCommandMessage(message), options);
  await options.guard.ensureTrusted();
  await options.room.ensure(checked.envelope.command.type);
  await holdToLease(checked, options);
  const answer = await options.execute(checked);
  await options.reached.until(answer.sequence, options.visibleWithinMs);
  // The log may have been lost while we waited: then this was no answer that anybody may rely on.
  await options.guard.ensureTrusted();
  crashPoint('before-reply');
  return answer;
}

/** What time it is, and until when something is kept, is the catalog's to say. */
function withMoments(message: ImageCommandMessage, { clock, retentionSeconds }: Pick<CarryOutOptions, 'clock' | 'retentionSeconds'>): ImageCommandMessage {
  const { envelope, envelope: { command } } = message;
  if (command.type === 'UndeleteImage' || command.type === 'EndImageRetention') return { ...message, envelope: { ...envelope, command: { ...command, at: clock().toISOString() } } };
  if (command.type !== 'DeleteImage' || retentionSeconds === 0) return message;
  return { ...message, envelope: { ...envelope, command: { ...command, keptUntil: new Date(clock().getTime() + retentionSeconds * 1000).toISOString() } } };
}

/** An upload holds a lease from before its first commit to its last, to the staging area too: whoever has none has stalled, and its image may
 *  be somebody else's by now. */
async function holdToLease({ envelope: { imageId, command }, context }: ImageCommandMessage, options: CarryOutOptions): Promise<void> {
  if (command.type === 'StartImageDataUpload' || command.type === 'StartImageStaging' || command.type === 'StartDataHealing') {
    await options.leases.renew(command.attemptId, imageId, new Date(options.clock().getTime() + options.leaseSeconds * 1000));
  }
  const isCompletion = command.type === 'CompleteImageDataUpload' || command.type === 'CompleteImageStaging' || command.type === 'CompleteDataHealing';
  if (!isCompletion || await isHeld(command.attemptId, options)) return;
  // A repetition of what was carried out in time gets its answer, however late it comes.
  if (!await options.wasCarriedOut(imageId, context.commandId)) throw new Problem('AttemptOver', { imageId });
}

/** A lease that is missing right after the memory of leases was lost says nothing: the sweeper waits then too, so the attempt is still its owner's. */
async function isHeld(attemptId: string, { leases, clock, isLeaseGrace }: CarryOutOptions): Promise<boolean> {
  const until = await leases.heldUntil(attemptId);
  return until ? until > clock() : isLeaseGrace();
}
