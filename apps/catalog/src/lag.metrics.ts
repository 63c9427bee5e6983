import { timeOfCommit } from '#libs/contracts';
import type { EventLog, Stored } from '#libs/event-log';
import { measuredGauges, type Measured } from '#libs/platform';
import type { ReadModel } from '#libs/read-model';
import type { Registry } from 'prom-client';

export interface LagParts {
  readonly log: Pick<EventLog, 'extent' | 'at'>;
  readonly readModel: Pick<ReadModel, 'position' | 'followerPositions' | 'importsUnderWay'>;
  clock(): Date;
}

const gauges = {
  log_last_sequence: { help: 'The last commit of the event log.' },
  projection_lag_commits: { help: 'Commits that the read model does not show yet.' },
  projection_lag_seconds: { help: 'How long the first commit that the read model does not show yet has been in the log; 0 where it shows all of them.' },
  follower_lag_commits: { help: 'Commits that a follower of the log has still to see.', label: 'follower' },
  follower_lag_seconds: { help: 'How long the first commit that a follower of the log has still to see has been there; 0 where it has seen all of them.', label: 'follower' },
  imports_under_way: { help: 'Imports that have not ended, by their task\'s status.', label: 'status' },
  import_oldest_seconds: { help: 'How long ago the oldest import was asked for that has not ended; 0 where there is none.' },
} as const;

/** How far what follows the log is behind it, and how old the oldest import is. Asked of NATS and PostgreSQL when the metrics are read; every catalog says the same. */
export function lagMetrics(registry: Registry, parts: LagParts): void {
  measuredGauges(registry, gauges, () => lags(parts));
}

export async function lags({ log, readModel, clock }: LagParts): Promise<Measured<keyof typeof gauges>> {
  const [{ createdAt, lastSequence }, position, followers, imports] = await Promise.all([
    log.extent(), readModel.position(), readModel.followerPositions(), readModel.importsUnderWay(),
  ]);
  const now = clock();
  const behind = (sequence: number): number => Math.max(0, lastSequence - sequence);
  const secondsBehind = async (sequence: number): Promise<number> =>
    behind(sequence) === 0 ? 0 : secondsBetween(committedAt(await log.at(sequence + 1)), now);
  // Who followed another log has seen nothing of this one that counts: it begins at its end when it comes back.
  const here = [...followers].filter(([, { logCreatedAt }]) => logCreatedAt === createdAt);
  return {
    log_last_sequence: lastSequence,
    projection_lag_commits: behind(position.sequence), projection_lag_seconds: await secondsBehind(position.sequence),
    follower_lag_commits: Object.fromEntries(here.map(([name, { sequence }]) => [name, behind(sequence)])),
    follower_lag_seconds: Object.fromEntries(await Promise.all(here.map(async ([name, { sequence }]) => [name, await secondsBehind(sequence)] as const))),
    imports_under_way: imports.byStatus, import_oldest_seconds: secondsBetween(imports.oldestSince, now),
  };
}

const secondsBetween = (since: Date | undefined, now: Date): number => (since ? Math.max(0, (now.getTime() - since.getTime()) / 1000) : 0);

function committedAt(stored: Stored | undefined): Date | undefined {
  return stored && timeOfCommit(stored.bytes);
}
