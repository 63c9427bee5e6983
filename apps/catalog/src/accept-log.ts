import { addressOf, commitsOf, hashOfCommit } from '#libs/contracts';
import { repairTail, type EventLog, type Stored } from '#libs/event-log';
import { logTailLength, startRebuild, type GuardPosition, type ReadModel, type Rebuild } from '#libs/read-model';
import { compareWithMemory } from './log-guard.js';
import type { OperatorTools } from '#libs/platform';
import { renewedLog } from './renewed-log.js';

/**
 * `log:repair --accept-log-as-it-is`: the operator gives up what the log does not hold. Tells what that is; with `--apply` the read model is built
 * anew from the log alone and guard, tail and read model change in one transaction. Declines where nothing needs to be given up. Gives the exit status.
 */
export async function acceptLogAsItIs(tools: OperatorTools, readModel: ReadModel): Promise<number> {
  const { log, say, isSet, commandLine, config } = tools;
  const judgement = await compareWithMemory(log, readModel);
  if (judgement === 'trusted') {
    say('The log is trusted as it is: there is nothing to give up.');
    return 0;
  }
  say(`The catalog does not trust the log: ${judgement.lost}.`);
  const kept = await readModel.logTail(0, 2 * logTailLength);
  if (await canBeMended(log, readModel, kept)) {
    say(`Nothing needs to be given up; everything can be put back with: ${commandLine('log:repair', '--apply')}`);
    return 1;
  }
  await tellLoss(log, kept, (await readModel.position()).sequence, say);
  if (!isSet('apply')) {
    say(`Nothing was changed. Back PostgreSQL up first: its schema guard holds the only copy of these commits. Then: ${commandLine('log:repair', '--accept-log-as-it-is', '--apply')}`);
    return 1;
  }
  const next = await startRebuild({ url: config.databaseUrl });
  try {
    const { accepted, tail } = await projectWholeLog(log, next);
    await next.buildIndexes();
    await next.replaceLive(accepted, tail);
    say(`The log is accepted up to sequence ${accepted.sequence}, and the catalogue holds what it says. Restart every gateway and catalog: those that ran before the loss wait for sequences that are no more.`);
    return 0;
  } finally {
    await next.close();
  }
}

async function canBeMended(log: EventLog, readModel: ReadModel, kept: readonly Stored[]): Promise<boolean> {
  const { outcome } = await repairTail(log, kept, { apply: false, report: () => undefined });
  return outcome === 'repairable' || (outcome === 'whole' && await renewedLog(log, readModel) !== undefined);
}

async function tellLoss(log: EventLog, kept: readonly Stored[], position: number, say: (line: string) => void): Promise<void> {
  const { lastSequence } = await log.extent();
  let lost = 0;
  for (const message of kept) {
    if (await isHeld(log, message)) continue;
    lost += 1;
    say(`given up ${message.sequence} ${message.subject}: ${nameOf(message)}`);
  }
  say(`The log goes up to sequence ${lastSequence}, the catalogue up to ${position}; ${lost} commits that PostgreSQL has a copy of are not in the log and would be given up, as well as whatever the log lost before ${
    kept[0] === undefined ? 'a copy was kept' : `sequence ${kept[0].sequence}, where the copy begins`}.`);
  say('Images that only these commits created vanish, changes that only they made are undone, deleted images whose deletion is among them come back without data, and bytes that only they name stay in the stores unused.');
}

async function isHeld(log: EventLog, { sequence, subject, bytes }: Stored): Promise<boolean> {
  const stored = await log.at(sequence);
  return stored?.subject === subject && Buffer.compare(stored.bytes, bytes) === 0;
}

function nameOf({ subject, bytes }: Stored): string {
  try {
    const { version, commandType, at } = commitsOf(addressOf(subject).kind).decode(bytes);
    return `version ${version}, ${commandType} of ${at.toISOString()}`;
  } catch {
    return 'no commit of ours';
  }
}

/** Every commit of the log, into a catalogue that is built beside the live one. Nobody appends meanwhile: the catalog does not trust this log. */
export async function projectWholeLog(log: EventLog, next: Pick<Rebuild, 'applyBatch'>): Promise<{ accepted: GuardPosition; tail: readonly Stored[] }> {
  const { createdAt } = await log.extent();
  const last = await lastMessage(log);
  let tail: readonly Stored[] = [];
  let position = 0;
  const done = new AbortController();
  if (!last) done.abort();
  await log.follow({ after: 0, batchSize: 5000, signal: done.signal }, async (batch) => {
    position = (await next.applyBatch(batch, { after: position, logCreatedAt: createdAt })).position;
    tail = [...tail, ...batch].slice(-logTailLength);
    if (position >= (last?.sequence ?? 0)) done.abort();
  });
  return { accepted: { logCreatedAt: createdAt, sequence: position, hash: hashOf(tail.at(-1)) }, tail };
}

const hashOf = (message: Stored | undefined): string => message ? hashOfCommit(message.bytes) : '';

/** The newest message that exists: where some were removed, following would wait for them for ever. */
async function lastMessage(log: EventLog): Promise<Stored | undefined> {
  const { firstSequence, lastSequence } = await log.extent();
  for (let sequence = lastSequence; sequence >= firstSequence; sequence -= 1) {
    const message = await log.at(sequence);
    if (message) return message;
  }
  return undefined;
}
