import { addressOf, commitsOf, hashOfCommit, type Commit } from '#libs/contracts';
import type { EventLog, Stored } from './event-log.js';

export interface RepairOptions {
  /** False: nothing is written, only told. */
  readonly apply: boolean;
  readonly report: (step: RepairStep) => void;
}

/** `lost`: would be put back. `put-back`: was. `differs`, `gap`, `no-successor`: why nothing is touched. */
export interface RepairStep {
  readonly kind: 'lost' | 'put-back' | 'differs' | 'gap' | 'no-successor';
  readonly sequence: number;
  readonly subject?: string;
  readonly detail: string;
}

/** `whole`: nothing was lost. `repairable`: a dry run found what can be put back. `refused`: log and tail contradict each other; nothing was written. */
export interface Repaired {
  readonly outcome: 'whole' | 'repairable' | 'repaired' | 'refused';
  readonly lost: number;
  readonly lastSequence: number;
}

interface Head { readonly sequence: number; readonly version: number; readonly hash: string }

/**
 * Puts a lost tail of the log back from the raw commits that were kept outside of it, at the very sequences they had.
 * Everything is compared before anything is written, and nothing that differs is touched. Running it again changes nothing more.
 * Stop what else appends: an append in between ends the repair with an error, and what was put back by then is in order. Refuses: Unavailable.
 */
export async function repairTail(log: EventLog, tail: readonly Stored[], { apply, report }: RepairOptions): Promise<Repaired> {
  const { lastSequence } = await log.extent();
  const kept = [...tail].sort((a, b) => a.sequence - b.sequence);
  const lost = kept.filter(({ sequence }) => sequence > lastSequence);
  let contradictions = 0;
  const contradict = (step: RepairStep) => { contradictions += 1; report(step); };

  for (const message of kept) if (message.sequence <= lastSequence) await compare(log, message, contradict);
  checkSequences(lost, lastSequence, contradict);
  const heads = await checkChains(log, lost, contradict);
  if (contradictions > 0) return { outcome: 'refused', lost: lost.length, lastSequence };
  const end = lost.at(-1)?.sequence;
  if (end === undefined) return { outcome: 'whole', lost: 0, lastSequence };
  if (!apply) {
    for (const message of lost) report(stepOf('lost', message));
    return { outcome: 'repairable', lost: lost.length, lastSequence };
  }
  for (const message of lost) {
    await putBack(log, message, heads);
    report(stepOf('put-back', message));
  }
  return { outcome: 'repaired', lost: lost.length, lastSequence: end };
}

async function compare(log: EventLog, kept: Stored, contradict: (step: RepairStep) => void): Promise<void> {
  const { sequence, subject } = kept;
  const stored = await log.at(sequence);
  if (!stored) contradict({ kind: 'gap', sequence, subject, detail: 'the log goes on after this message but does not hold it, and it cannot be put between' });
  else if (stored.subject !== subject || Buffer.compare(stored.bytes, kept.bytes) !== 0) {
    contradict({ kind: 'differs', sequence, subject, detail: `the log holds another message here, of ${stored.subject}` });
  }
}

function checkSequences(lost: readonly Stored[], lastSequence: number, contradict: (step: RepairStep) => void): void {
  lost.forEach(({ sequence, subject }, index) => {
    const previous = lost[index - 1]?.sequence ?? lastSequence;
    if (sequence === previous + 1) return;
    contradict({ kind: 'gap', sequence, subject, detail: `what stood after sequence ${previous} is neither in the log nor kept; restore the log's files first` });
  });
}

/** Follows each lost message's subject from what the log holds of it, and gives those beginnings. */
async function checkChains(log: EventLog, lost: readonly Stored[], contradict: (step: RepairStep) => void): Promise<Map<string, Head>> {
  const beginnings = new Map<string, Head>();
  const heads = new Map<string, Head>();
  for (const { sequence, subject, bytes } of lost) {
    const before = heads.get(subject) ?? await headOf(log, subject);
    if (!beginnings.has(subject)) beginnings.set(subject, before);
    const { version, prevHash } = decoded({ subject, bytes });
    if (version !== before.version + 1 || prevHash !== before.hash) {
      contradict({ kind: 'no-successor', sequence, subject, detail: `version ${version} does not follow version ${before.version} of the log` });
    }
    heads.set(subject, { sequence, version, hash: hashOfCommit(bytes) });
  }
  return beginnings;
}

async function headOf(log: EventLog, subject: string): Promise<Head> {
  const last = (await log.read(subject, { consistent: true })).at(-1);
  return last ? { sequence: last.sequence, version: decoded(last).version, hash: hashOfCommit(last.bytes) } : { sequence: 0, version: 0, hash: '' };
}

async function putBack(log: EventLog, { sequence, subject, bytes }: Stored, heads: Map<string, Head>): Promise<void> {
  const { aggregateId, commandId, version } = decoded({ subject, bytes });
  const expectedLastSequence = heads.get(subject)?.sequence ?? 0;
  const appended = await log.append(subject, bytes, { expectedLastSequence, messageId: `${aggregateId}:${commandId}` });
  heads.set(subject, { sequence: appended.sequence, version, hash: hashOfCommit(bytes) });
  if (appended.sequence !== sequence) {
    throw new Error(`the message of sequence ${sequence} was put back at ${appended.sequence}: something else appends to the log. Stop it and run log:verify.`);
  }
}

function stepOf(kind: 'lost' | 'put-back', { sequence, subject, bytes }: Stored): RepairStep {
  const { version, commandType, at } = decoded({ subject, bytes });
  return { kind, sequence, subject, detail: `version ${version}, ${commandType} of ${at.toISOString()}, ${kind === 'lost' ? 'can be' : 'was'} put back` };
}

const decoded = ({ subject, bytes }: Pick<Stored, 'subject' | 'bytes'>): Commit<unknown> => commitsOf(addressOf(subject).kind).decode(bytes);
