import { EventEmitter, once } from 'node:events';
import { projectedSubject, questionSubject, type Projected, type ReplicationAnswer, type ReplicationMessage, type StatusAnswer } from '#libs/contracts';
import { Problem, type ReplicationState } from '#libs/domain';
import { createReplicationExecutor, jetStreamEventLog, loadReplication } from '#libs/event-log';
import { readModelReached, type Bus } from '#libs/platform';
import { checkedReplicationMessage } from './replication-message.js';
import { readSchedule } from './schedule.js';

/** Where commands on replication policies and executions are carried out. */
export interface ReplicationDesk {
  /** `do.<region>.policy`. Refuses: InvalidRequest, LogNotTrusted, LogFull, Unavailable, what the decider refuses, and NotYetVisible. */
  carryOut(message: unknown): Promise<ReplicationAnswer>;
  /** The same for a command of federation's own, which need not be readable at once. */
  execute(message: ReplicationMessage): Promise<ReplicationAnswer>;
  /** A policy or an execution as the log's leader tells it. */
  load(id: string): Promise<ReplicationState>;
  /** Resolves when somebody has changed something here, or `signal` aborts. */
  changed(signal: AbortSignal): Promise<void>;
}

const visibleWithinMs = 2000;
const cachedCommits = 10_000;

export async function openReplicationDesk(bus: Bus): Promise<ReplicationDesk> {
  const { region } = bus;
  const log = await jetStreamEventLog(bus.connection, { region, beforeRepeat: () => ensureTrusted(bus) });
  const executor = createReplicationExecutor({ log, region, service: 'federation', clock: () => new Date(), cacheSize: cachedCommits });
  const execute = async (message: ReplicationMessage): Promise<ReplicationAnswer> => {
    await ensureTrusted(bus);
    return executor.execute(message);
  };
  const changes = new EventEmitter().setMaxListeners(0);
  return {
    execute,
    changed: (signal) => once(changes, 'change', { signal }).then(() => undefined, () => undefined),
    load: (id) => loadReplication(log, region, id),
    async carryOut(message) {
      const checked = checkedReplicationMessage(message);
      const { command } = checked.envelope;
      if ('settings' in command && command.settings.schedule !== undefined) readSchedule(command.settings.schedule);
      if (command.type === 'StartReplicationExecution') await refuseWithoutPolicy(command.policyId, command.isDryRun, (id) => loadReplication(log, region, id));
      const answer = await untilVisible(bus, () => execute(checked));
      changes.emit('change');
      return answer;
    },
  };
}

/** Listens to how far the read model has come only while somebody waits for it: all changes of images are announced, and few are ours. */
async function untilVisible(bus: Bus, work: () => Promise<ReplicationAnswer>): Promise<ReplicationAnswer> {
  const reached = readModelReached();
  const announcements = bus.connection.subscribe(projectedSubject(bus.region), {
    callback: (error, message) => { if (!error) reached.advance(message.json<Projected>().sequence); },
  });
  try {
    const answer = await work();
    await reached.until(answer.sequence, visibleWithinMs);
    return answer;
  } finally {
    announcements.unsubscribe();
  }
}

/** Only the catalog can tell: it compares the log with what PostgreSQL remembers of it. What is remembered here of a log that was replaced is caught by its chain. */
async function ensureTrusted(bus: Bus): Promise<void> {
  const { isLogTrusted } = await bus.ask<StatusAnswer>(questionSubject(bus.region, 'status'), {});
  if (!isLogTrusted) throw new Problem('LogNotTrusted');
}

/** Refuses: ReplicationPolicyNotFound, ReplicationPolicyIsPaused. */
async function refuseWithoutPolicy(policyId: string, isDryRun: boolean, load: (id: string) => Promise<ReplicationState>): Promise<void> {
  const policy = await load(policyId);
  if (!policy.exists || policy.kind !== 'policy') throw new Problem('ReplicationPolicyNotFound', { policyId });
  if (policy.isPaused && !isDryRun) throw new Problem('ReplicationPolicyIsPaused', { policyId });
}
