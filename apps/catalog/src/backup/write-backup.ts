import { rootOf, verifyLog, type EventLog, type Finding } from '#libs/event-log';
import type { GuardBackup } from '#libs/read-model';
import { emptyDirectory, logWriter, writeGuard, writeManifest } from './backup-files.js';

export interface BackupOptions {
  readonly log: EventLog;
  readonly region: string;
  readonly guard: Pick<GuardBackup, 'guardContents'>;
  readonly clock: () => Date;
  onFinding(finding: Finding): void;
  onProgress(progress: { readonly sequence: number; readonly lastSequence: number }): void;
}

export interface BackedUp { readonly lastSequence: number; readonly messages: number; readonly findings: number; readonly persons: number }

/**
 * Copies a region into a directory while it goes on: every commit of the log, verified as it passes, then what schema `guard` alone holds. A key is durable before anything is sealed with it,
 * so the keys that are read last open whatever the copy of the log has. Faults of the log are told, and copied as they are. The stores are not copied.
 */
export async function writeBackup(dir: string, { log, region, guard, clock, onFinding, onProgress }: BackupOptions): Promise<BackedUp> {
  await emptyDirectory(dir);
  const at = clock().toISOString();
  const { createdAt: logCreatedAt } = await log.extent();
  const file = logWriter(dir);
  let root = '';
  const { messages, findings, lastSequence } = await verifyLog(log, { onFinding, onProgress, onMessages: (batch) => file.write(batch), onHeads: (heads) => { root = rootOf(heads); } });
  await file.end();
  const contents = await guard.guardContents();
  await writeGuard(dir, contents);
  await writeManifest(dir, { region, at, logCreatedAt, lastSequence, messages, root });
  return { lastSequence, messages, findings, persons: contents.personKeys.length };
}
