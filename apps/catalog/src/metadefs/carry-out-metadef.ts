import type { MetadefCommandAnswer } from '#libs/contracts';
import { crashPoint } from '#libs/event-log';
import type { LogGuard } from '../log-guard.js';
import type { LogRoom } from '../log-room.js';
import type { Reached } from '#libs/platform';
import { checkedMetadefMessage } from './metadef-message.js';
import { executeWithRenames, type RenameParts } from './rename-namespace.js';

export interface CarryOutMetadefOptions extends RenameParts {
  readonly guard: Pick<LogGuard, 'ensureTrusted'>;
  readonly room: LogRoom;
  readonly reached: Pick<Reached, 'until'>;
  /** How long a reply waits for the read model; DESIGN.md section 2 says two seconds. */
  readonly visibleWithinMs: number;
}

/**
 * `do.<region>.metadef`: one command, from the bus to a commit that can be read back. Refuses: InvalidRequest, LogNotTrusted, LogFull, Unavailable,
 * what the decider refuses, and NotYetVisible: recorded, but not readable within two seconds.
 */
export async function carryOutMetadef(message: unknown, options: CarryOutMetadefOptions): Promise<MetadefCommandAnswer> {
  const { guard, room, reached, visibleWithinMs } = options;
  const checked = checkedMetadefMessage(message);
  await guard.ensureTrusted();
  await room.ensure(checked.envelope.command.type);
  const answer = await executeWithRenames(checked, options);
  await reached.until(answer.sequence, visibleWithinMs);
  // The log may have been lost while we waited: then this was no answer that anybody may rely on.
  await guard.ensureTrusted();
  crashPoint('before-reply');
  return answer;
}
