import { namespaceOfToken } from '#libs/contracts';
import type { Logger } from '#libs/platform';
import type { Applied } from '#libs/read-model';
import type { MadeDigest } from '#libs/event-log';
import type { CatalogMetrics } from './catalog.metrics.js';
import type { Trust } from './log-guard.js';
import type { OpenAttempt } from './sweep.js';

/** What the catalog tells its operator beside its answers. A line with `alarm` needs somebody to act. */
export interface Alarms {
  trustChanged(trust: Trust): void;
  logUnreadable(error: unknown): void;
  logRoomChanged(hasRoom: boolean): void;
  leads(leads: boolean): void;
  parked(parked: Applied['parked']): void;
  projectingInterrupted(error: unknown): void;
  swept(attempts: number): void;
  sweepFailed(error: unknown, attempt?: OpenAttempt): void;
  digestMade(made: MadeDigest): void;
  digestFailed(error: unknown): void;
  retentionNotEnded(imageId: string, error: unknown): void;
  historyUnreadable(imageId: string, error: unknown): void;
}

export function createAlarms(logger: Logger, metrics: CatalogMetrics): Alarms {
  const nowAndThen = throttle(10_000);
  return {
    trustChanged(trust) {
      metrics.isLogTrusted(trust.is === 'trusted');
      if (trust.is === 'trusted') logger.info('the event log is whole');
      if (trust.is === 'lost') {
        logger.error({ alarm: 'log_not_trusted', reason: trust.reason }, 'the event log cannot be trusted: no command is accepted until npm run log:repair has put it right');
      }
    },
    logUnreadable: (error) => nowAndThen('log', () => logger.warn({ err: error }, 'the event log cannot be compared with what is known of it')),
    logRoomChanged(hasRoom) {
      if (hasRoom) logger.info('the disk of the event log has room again');
      else logger.error({ alarm: 'log_disk_full' }, 'the disk of the event log is full: only deletions are accepted until it has room');
    },
    leads(leads) {
      metrics.leads(leads);
      logger.info({ leads }, leads ? 'this process projects' : 'this process no longer projects');
    },
    parked(parked) {
      for (const row of parked) {
        const { sequence, reason } = row;
        if ('image_id' in row) logger.error({ alarm: 'image_parked', image_id: row.image_id, sequence, reason }, 'an image is parked: its commit cannot be projected');
        else if ('replication_id' in row) logger.error({ alarm: 'replication_parked', replication_id: row.replication_id, sequence, reason }, 'a replication policy or execution is parked: its commit cannot be projected');
        else logger.error({ alarm: 'namespace_parked', namespace: namespaceOfToken(row.token) ?? row.token, sequence, reason }, 'a namespace of metadata definitions is parked: its commit cannot be projected');
      }
    },
    projectingInterrupted: (error) => nowAndThen('projector', () => logger.warn({ err: error }, 'projecting was interrupted and begins anew')),
    swept(attempts) {
      metrics.swept(attempts);
      if (attempts > 0) logger.warn({ attempts }, 'uploads whose server died were ended; their images are queued again');
    },
    sweepFailed: (error, attempt) => nowAndThen('sweep', () => logger.error({ err: error, ...attempt }, 'uploads whose server died could not be ended')),
    digestMade(made) {
      if (made.outcome === 'written') logger.info({ file: made.file, sequence: made.sequence }, 'a digest of the event log was signed');
      if (made.outcome === 'refused') logger.error({ alarm: 'log_not_signed', faults: made.faults, first: made.first }, 'the event log is not what it was signed to be, or has faults: npm run log:verify tells more. No digest is made until it is whole');
    },
    digestFailed: (error) => nowAndThen('digest', () => logger.error({ err: error }, 'no digest of the event log could be made')),
    retentionNotEnded: (imageId, error) => nowAndThen('retention', () => logger.error({ err: error, image_id: imageId }, 'a deleted image is kept longer than it should be')),
    historyUnreadable: (imageId, error) => logger.error({ err: error, image_id: imageId }, 'the bytes of an image stay, because its history cannot be read'),
  };
}

/** An outage is told at its beginning and then every so often, not four times a second. */
function throttle(intervalMs: number): (what: string, tell: () => void) => void {
  const toldAt = new Map<string, number>();
  return (what, tell) => {
    const now = performance.now();
    if (now - (toldAt.get(what) ?? -Infinity) < intervalMs) return;
    toldAt.set(what, now);
    tell();
  };
}
