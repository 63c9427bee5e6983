import { metadefCommits, metadefSubject, namespaceToken, type MetadefCommandAnswer, type MetadefCommandMessage } from '#libs/contracts';
import { evolveNamespace, metadefDecider, noNamespace, Problem, type MetadefEvent, type NamespaceState } from '#libs/domain';
import { loadAggregate, type Folding } from './aggregate.js';
import type { EventLog } from './event-log.js';
import { createExecutorOf, type AggregateRules, type AnyExecutor, type ExecutorSettings } from './execute-any.js';

export type MetadefExecutor = AnyExecutor<MetadefCommandMessage, MetadefCommandAnswer>;

export const metadefFolding: Folding<NamespaceState, MetadefEvent> = { decode: metadefCommits.decode, evolve: evolveNamespace, initialState: noNamespace };

/** The subject is the name's own, so of two that create one name at once the log lets one in; whoever comes after a deletion continues its chain. */
const metadefRules: AggregateRules<NamespaceState, MetadefCommandMessage, MetadefEvent, MetadefCommandAnswer> = {
  folding: metadefFolding,
  idOf: ({ envelope }) => namespaceToken(envelope.namespace),
  subjectOf: metadefSubject,
  decide: (envelope, state) => metadefDecider.decide(envelope, state),
  encode: metadefCommits.encode,
  // A name may have been used before.
  beginsNew: () => false,
  endsThings: (commandType) => /^(Delete|Remove|Dissociate|End|Receive)/.test(commandType),
  answer: (sequence, { version, state }) => ({ sequence, version, namespace: state }),
  refusals: {
    conflict: ({ envelope: { namespace } }) => new Problem('NamespaceConflict', { namespace }),
    historyTooLong: ({ envelope: { namespace } }, limit) => new Problem('NamespaceHistoryTooLong', { namespace, limit }),
  },
};

/** Carries out commands on namespaces of metadata definitions. */
export const createMetadefExecutor = (options: ExecutorSettings): MetadefExecutor => createExecutorOf(metadefRules, options);

/** A namespace as the stream's leader tells it. Refuses with InvalidRequest what is no name. */
export async function loadNamespace(log: EventLog, region: string, name: string): Promise<NamespaceState> {
  const token = namespaceToken(name);
  return (await loadAggregate(log, metadefSubject(region, token), token, metadefFolding, { consistent: true })).state;
}
