import type { Decider } from '../decider.js';
import { Problem } from '../problem.js';
import {
  addObject, addProperty, addTag, associateResourceType, changeObject, changeProperty, dissociateResourceType, removeObject, removeObjects,
  removeProperties, removeProperty, removeTag, removeTags, renameTag, setTags,
} from './metadef.content.js';
import { evolveNamespace } from './metadef.evolve.js';
import { refuseOversized } from './metadef.limits.js';
import { loadNamespace, type NamespaceToLoad } from './metadef.load.js';
import { changeNamespace, createNamespace, deleteNamespace } from './metadef.namespace.js';
import { endRename, receiveNamespace, refuseRenaming, startRename } from './metadef.rename.js';
import {
  noNamespace, type MetadefEvent, type MetadefProperty, type Namespace, type NamespaceAttributes, type NamespaceContent, type NamespaceState,
  type ObjectDefinition, type ResourceTypeDefinition,
} from './metadef.js';

export type MetadefCommand =
  | ({ type: 'CreateMetadefNamespace' } & NamespaceAttributes & NamespaceContent)
  | ({ type: 'LoadMetadefNamespace' } & NamespaceToLoad)
  | ({ type: 'ChangeMetadefNamespace' } & NamespaceAttributes)
  | { type: 'DeleteMetadefNamespace' }
  | ({ type: 'RenameMetadefNamespace'; renameId: string; to: string } & NamespaceAttributes)
  | { type: 'ReceiveMetadefNamespace'; renameId: string; from: string; namespace: Namespace }
  | { type: 'EndNamespaceRename'; renameId: string; succeeded: boolean }
  | ({ type: 'AssociateMetadefResourceType' } & ResourceTypeDefinition)
  | { type: 'DissociateMetadefResourceType'; name: string }
  | ({ type: 'AddMetadefProperty' } & MetadefProperty)
  | ({ type: 'ChangeMetadefProperty'; oldName: string } & MetadefProperty)
  | { type: 'RemoveMetadefProperty'; name: string }
  | { type: 'RemoveMetadefProperties' }
  | ({ type: 'AddMetadefObject' } & ObjectDefinition)
  | ({ type: 'ChangeMetadefObject'; oldName: string } & ObjectDefinition)
  | { type: 'RemoveMetadefObject'; name: string }
  | { type: 'RemoveMetadefObjects' }
  | { type: 'AddMetadefTag'; name: string }
  | { type: 'SetMetadefTags'; names: readonly string[]; append: boolean }
  | { type: 'RenameMetadefTag'; oldName: string; name: string }
  | { type: 'RemoveMetadefTag'; name: string }
  | { type: 'RemoveMetadefTags' };

/**
 * A command as it reaches the decider: which namespace, and what its sender's permission rested on. Where `authorizedFor` is given and no
 * longer true of the namespace, the command is refused with `NamespaceAuthorizationStale`, and the gateway asks its policy again.
 */
export interface MetadefCommandEnvelope {
  readonly namespace: string;
  readonly command: MetadefCommand;
  readonly authorizedFor?: Pick<Namespace, 'owner' | 'visibility'>;
}

export type MetadefDecider = Decider<NamespaceState, MetadefCommandEnvelope, MetadefEvent>;

export const metadefDecider: MetadefDecider = { decide: decideMetadef, evolve: evolveNamespace, initialState: noNamespace };

function decideMetadef({ namespace: name, command, authorizedFor }: MetadefCommandEnvelope, state: NamespaceState): MetadefEvent[] {
  const events = decideAny(name, command, authorizedFor, state);
  refuseOversized(name, events, state);
  return events;
}

function decideAny(name: string, command: MetadefCommand, authorizedFor: MetadefCommandEnvelope['authorizedFor'], state: NamespaceState): MetadefEvent[] {
  if (command.type === 'CreateMetadefNamespace') return createNamespace(name, command, state);
  if (command.type === 'LoadMetadefNamespace') return load(name, command, state);
  if (command.type === 'ReceiveMetadefNamespace') return receiveNamespace(name, command, state);
  if (command.type === 'EndNamespaceRename') return state.exists ? endRename(command, state) : [];
  if (!state.exists) throw new Problem('NamespaceNotFound', { namespace: name });
  if (authorizedFor && (authorizedFor.owner !== state.owner || authorizedFor.visibility !== state.visibility)) {
    throw new Problem('NamespaceAuthorizationStale', { namespace: name });
  }
  refuseRenaming(state);
  return decideExisting(command, state);
}

type OnExisting = Exclude<MetadefCommand, { type: 'CreateMetadefNamespace' | 'LoadMetadefNamespace' | 'ReceiveMetadefNamespace' | 'EndNamespaceRename' }>;

// One arm a command is the clearest form of this function, however many there are.
// eslint-disable-next-line complexity
function decideExisting(command: OnExisting, namespace: Namespace): MetadefEvent[] {
  switch (command.type) {
    case 'ChangeMetadefNamespace': return changeNamespace(command, namespace);
    case 'DeleteMetadefNamespace': return deleteNamespace(namespace);
    case 'RenameMetadefNamespace': return startRename(withoutType(command));
    case 'AssociateMetadefResourceType': return associateResourceType(withoutType(command), namespace);
    case 'DissociateMetadefResourceType': return dissociateResourceType(command.name, namespace);
    case 'AddMetadefProperty': return addProperty(withoutType(command), namespace);
    case 'ChangeMetadefProperty': return changeProperty(withoutType(command), namespace);
    case 'RemoveMetadefProperty': return removeProperty(command.name, namespace);
    case 'RemoveMetadefProperties': return removeProperties(namespace);
    case 'AddMetadefObject': return addObject(withoutType(command), namespace);
    case 'ChangeMetadefObject': return changeObject(withoutType(command), namespace);
    case 'RemoveMetadefObject': return removeObject(command.name, namespace);
    case 'RemoveMetadefObjects': return removeObjects(namespace);
    case 'AddMetadefTag': return addTag(command.name, namespace);
    case 'SetMetadefTags': return setTags(command, namespace);
    case 'RenameMetadefTag': return renameTag(command, namespace);
    case 'RemoveMetadefTag': return removeTag(command.name, namespace);
    case 'RemoveMetadefTags': return removeTags(namespace);
  }
}

function load(name: string, command: NamespaceToLoad & { type: 'LoadMetadefNamespace' }, state: NamespaceState): MetadefEvent[] {
  if (state.exists) refuseRenaming(state);
  return loadNamespace(name, withoutType(command), state);
}

const withoutType = <Command extends MetadefCommand>({ type: _, ...rest }: Command): Omit<Command, 'type'> => rest;
