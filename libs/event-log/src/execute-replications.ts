import { policySubject, replicationCommits, type ReplicationAnswer, type ReplicationMessage } from '#libs/contracts';
import { evolveReplication, noReplication, Problem, replicationDecider, type ReplicationEvent, type ReplicationState } from '#libs/domain';
import { loadAggregate, type Folding } from './aggregate.js';
import type { EventLog } from './event-log.js';
import { createExecutorOf, type AggregateRules, type AnyExecutor, type ExecutorSettings } from './execute-any.js';

export type ReplicationExecutor = AnyExecutor<ReplicationMessage, ReplicationAnswer>;

const folding: Folding<ReplicationState, ReplicationEvent> = { decode: replicationCommits.decode, evolve: evolveReplication, initialState: noReplication };

const rules: AggregateRules<ReplicationState, ReplicationMessage, ReplicationEvent, ReplicationAnswer> = {
  folding,
  idOf: ({ envelope }) => envelope.id,
  subjectOf: policySubject,
  decide: (envelope, state) => replicationDecider.decide(envelope, state),
  encode: replicationCommits.encode,
  beginsNew: (commandType) => commandType === 'CreateReplicationPolicy',
  endsThings: (commandType) => /^(Delete|Cancel|End|Pause)/.test(commandType),
  answer: (sequence, { version, state }) => ({ sequence, version, replication: state }),
  refusals: {
    conflict: ({ envelope: { id } }) => new Problem('ReplicationConflict', { id }),
    historyTooLong: ({ envelope: { id } }, limit) => new Problem('ReplicationHistoryTooLong', { id, limit }),
  },
};

/** Carries out commands on replication policies and their executions. */
export const createReplicationExecutor = (options: ExecutorSettings): ReplicationExecutor => createExecutorOf(rules, options);

/** A policy or an execution as the stream's leader tells it. */
export async function loadReplication(log: EventLog, region: string, id: string): Promise<ReplicationState> {
  return (await loadAggregate(log, policySubject(region, id), id, folding, { consistent: true })).state;
}
