import { addressOf, commitsOf } from '#libs/contracts';
import { rootOf, verifyLog, type EventLog, type Finding, type Stored } from '#libs/event-log';
import { startRebuild, type GuardBackup } from '#libs/read-model';
import { projectWholeLog } from '../accept-log.js';
import { checkedManifest, messagesIn, readGuard, type Manifest } from './backup-files.js';

export interface RestoreOptions {
  readonly log: EventLog;
  readonly region: string;
  readonly databaseUrl: string;
  readonly guard: Pick<GuardBackup, 'restoreGuard'>;
  onFinding(finding: Finding): void;
  onProgress(progress: { readonly sequence: number; readonly lastSequence: number }): void;
}

/** So many appends are on their way at once. */
const inFlight = 128;

/**
 * Makes a region of a backup: its commits, at the sequences they had, in a log that is empty; the keys of persons; and a catalogue that is built from both, which the guard trusts. Then reads
 * everything once more and compares it with what the backup says of itself. Gives the faults that were found. Throws where the backup or the log is not fit; then nothing was
 * written, or, where it says so, the log must be set up anew.
 */
export async function restoreBackup(dir: string, options: RestoreOptions): Promise<{ readonly manifest: Manifest; readonly faults: number }> {
  const manifest = await checkedManifest(dir);
  await refuseUnfit(manifest, options);
  await appendAll(dir, manifest, options);
  const { createdAt } = await options.log.extent();
  await options.guard.restoreGuard(await readGuard(dir), createdAt);
  const next = await startRebuild({ url: options.databaseUrl });
  try {
    const { accepted, tail } = await projectWholeLog(options.log, next);
    await next.buildIndexes();
    await next.replaceLive(accepted, tail);
  } finally {
    await next.close();
  }
  let root = '';
  const { findings } = await verifyLog(options.log, { onFinding: options.onFinding, onHeads: (heads) => { root = rootOf(heads); } });
  if (root === manifest.root) return { manifest, faults: findings };
  options.onFinding({ kind: 'altered', sequence: manifest.lastSequence, detail: 'the restored log is not the one that was backed up' });
  return { manifest, faults: findings + 1 };
}

async function refuseUnfit(manifest: Manifest, { log, region }: Pick<RestoreOptions, 'log' | 'region'>): Promise<void> {
  if (manifest.region !== region) throw new Error(`this is a backup of region ${manifest.region}, and ${region} was to be restored.`);
  if (manifest.messages !== manifest.lastSequence) {
    throw new Error(`the log had lost ${manifest.lastSequence - manifest.messages} commits when it was backed up, and what followed them cannot be put at its place. Take an earlier backup.`);
  }
  const { lastSequence } = await log.extent();
  if (lastSequence > 0) throw new Error(`the log of region ${region} is not empty: it goes up to sequence ${lastSequence}. Restore into one that was just set up (npm run log:setup).`);
}

async function appendAll(dir: string, { lastSequence }: Manifest, { log, onProgress }: Pick<RestoreOptions, 'log' | 'onProgress'>): Promise<void> {
  const heads = new Map<string, number>();
  let waiting: { readonly subject: string; readonly appended: Promise<void> }[] = [];
  const settle = async (): Promise<void> => {
    await Promise.all(waiting.map(({ appended }) => appended));
    waiting = [];
  };
  for await (const message of messagesIn(dir)) {
    // The one before it of the same subject must be there first.
    if (waiting.length >= inFlight || waiting.some(({ subject }) => subject === message.subject)) await settle();
    waiting.push({ subject: message.subject, appended: putAt(log, message, heads.get(message.subject) ?? 0) });
    heads.set(message.subject, message.sequence);
    onProgress({ sequence: message.sequence, lastSequence });
  }
  await settle();
}

async function putAt(log: EventLog, { sequence, subject, bytes }: Stored, expectedLastSequence: number): Promise<void> {
  const appended = await log.append(subject, bytes, { expectedLastSequence, messageId: messageIdOf(subject, bytes) ?? `restored:${sequence}` });
  if (appended.sequence !== sequence) {
    throw new Error(`the commit of sequence ${sequence} came to stand at ${appended.sequence}: something else writes to this log, or a connection broke. Set the log up anew and restore again.`);
  }
}

function messageIdOf(subject: string, bytes: Uint8Array): string | undefined {
  try {
    const { aggregateId, commandId } = commitsOf(addressOf(subject).kind).decode(bytes);
    return `${aggregateId}:${commandId}`;
  } catch {
    return undefined;
  }
}
