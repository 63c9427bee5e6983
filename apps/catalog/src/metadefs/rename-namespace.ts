import type { CommandContext, MetadefCommandAnswer, MetadefCommandMessage } from '#libs/contracts';
import { Problem, type MetadefCommand, type Namespace, type NamespaceState } from '#libs/domain';
import type { MetadefExecutor } from '#libs/event-log';

export interface RenameParts {
  readonly execute: MetadefExecutor['execute'];
  /** A namespace as the log's leader tells it. */
  load(name: string): Promise<NamespaceState>;
}

const catalog: CommandContext['actor'] = { userId: 'service:catalog', authMethod: 'service' };
const mostAttempts = 4;

/**
 * Carries out a command on a namespace, with what a rename needs around it: one that renames goes through its steps (`metadef.rename.ts` tells them),
 * and any other first ends a rename that it finds unfinished. Refuses what the decider refuses, NamespaceExists for a new name that is taken.
 */
export async function executeWithRenames(message: MetadefCommandMessage, parts: RenameParts): Promise<MetadefCommandAnswer> {
  const { namespace, command } = message.envelope;
  await endWhatIsInTheWay(namespace, command, parts);
  for (let attempt = 1; ; attempt += 1) {
    try {
      const answer = await parts.execute(message);
      return command.type === 'RenameMetadefNamespace' ? await complete(message, answer, parts) : answer;
    } catch (error) {
      if (!mayBeUnfinished(error) || attempt === mostAttempts || !await finishRename(namespace, parts)) throw error;
    }
  }
}

const mayBeUnfinished = (error: unknown): boolean => error instanceof Problem && (error.code === 'NamespaceBeingRenamed' || error.code === 'NamespaceExists');

/** Commands after which what stood under a name may be there no more. */
const takesAway: ReadonlySet<MetadefCommand['type']> = new Set(['DeleteMetadefNamespace', 'RenameMetadefNamespace', 'LoadMetadefNamespace'] as const);

/** Before a namespace goes, whatever still stands under the name that it had goes, too: it would come back to sight. And a name that is about to be left is waited for. */
async function endWhatIsInTheWay(name: string, command: MetadefCommand, parts: RenameParts): Promise<void> {
  if (!takesAway.has(command.type)) return;
  const state = await parts.load(name);
  if (state.exists && state.movedBy) await finishRename(state.movedBy.from, parts);
  if (command.type === 'RenameMetadefNamespace') await finishRename(command.to, parts);
}

/** Ends the rename that a namespace is in, if it is in one: true where there was one. Whoever calls this at the same time does the same. */
export async function finishRename(name: string, parts: RenameParts): Promise<boolean> {
  const state = await parts.load(name);
  if (!state.exists || !state.renaming) return false;
  await stepsAfter(state, state.renaming, { causationId: state.renaming.renameId, requestId: `rename-${state.renaming.renameId}`.slice(0, 255), actor: catalog }, parts);
  return true;
}

async function complete({ context }: MetadefCommandMessage, { namespace, version }: MetadefCommandAnswer, parts: RenameParts): Promise<MetadefCommandAnswer> {
  if (!namespace.exists || !namespace.renaming) throw new Error('a rename was started and is not there');
  const { requestHash: _, commandId, ...sender } = context;
  const { moved, sequence } = await stepsAfter(namespace, namespace.renaming, { ...sender, causationId: commandId }, parts);
  if (!moved) throw new Problem('NamespaceExists', { namespace: namespace.renaming.to });
  return { sequence, version, namespace: moved };
}

interface Outcome { readonly moved: Namespace | undefined; readonly sequence: number }

/** The steps after the first. Their ids are made of the rename's, so that each is done once, whoever does it and however often. */
async function stepsAfter(old: Namespace, { renameId, to }: NonNullable<Namespace['renaming']>, context: Omit<CommandContext, 'commandId'>, { execute }: RenameParts): Promise<Outcome> {
  const step = (namespace: string, command: MetadefCommand, name: string): Promise<MetadefCommandAnswer> =>
    execute({ envelope: { namespace, command }, context: { ...context, commandId: `${renameId}:${name}` } });
  const received = await step(to, { type: 'ReceiveMetadefNamespace', renameId, from: old.name, namespace: old }, 'receive');
  const moved = received.namespace.exists && received.namespace.movedBy?.renameId === renameId ? received.namespace : undefined;
  const ended = await step(old.name, { type: 'EndNamespaceRename', renameId, succeeded: moved !== undefined }, 'end');
  return { moved, sequence: Math.max(received.sequence, ended.sequence) };
}
