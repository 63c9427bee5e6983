import type { MetadefCommandAnswer } from '#libs/contracts';
import { crashPoint, type MetadefExecutor } from '#libs/event-log';
import type { LogGuard } from '../log-guard.js';
import type { Reached } from '../images/reached.js';
import { checkedMetadefMessage } from './metadef-message.js';

export interface CarryOutMetadefOptions {
  readonly guard: Pick<LogGuard, 'ensureTrusted'>;
  readonly execute: MetadefExecutor['execute'];
  readonly reached: Pick<Reached, 'until'>;
  /** How long a reply waits for the read model; DESIGN.md section 2 says two seconds. */
  readonly visibleWithinMs: number;
}

/**
 * `do.<region>.metadef`: one command, from the bus to a commit that can be read back. Refuses: InvalidRequest, LogNotTrusted, Unavailable,
 * what the decider refuses, and NotYetVisible: recorded, but not readable within two seconds.
 */
export async function carryOutMetadef(message: unknown, { guard, execute, reached, visibleWithinMs }: CarryOutMetadefOptions): Promise<MetadefCommandAnswer> {
  const checked = checkedMetadefMessage(message);
  await guard.ensureTrusted();
  const answer = await execute(checked);
  await reached.until(answer.sequence, visibleWithinMs);
  // The log may have been lost while we waited: then this was no answer that anybody may rely on.
  await guard.ensureTrusted();
  crashPoint('before-reply');
  return answer;
}
