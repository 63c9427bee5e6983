import { setTimeout as pause } from 'node:timers/promises';
import { commandSubject, namespaceFromJson, namespaceToken, type MetadefCommandAnswer, type MetadefCommandMessage } from '#libs/contracts';
import { Problem, type MetadefCommand, type MetadefCommandEnvelope, type Namespace, type NamespaceState } from '#libs/domain';
import { crashPoint } from '#libs/event-log';
import type { Bus } from '#libs/platform';
import type { ReadModel } from '#libs/read-model';
import type { SentAs } from '#libs/transfers';
import type { AddressRules } from '../edge/address.js';
import { commandContext } from '../edge/command-context.js';
import type { Request } from '../edge/request.js';
import type { Acknowledged } from '../images/acknowledged.js';
import { commandIdentity, type CommandIdentity } from '../images/idempotency.js';
import { pathOf } from '../images/images.js';
import type { MetadefPermissions } from './metadef-permissions.js';

export interface MetadefParts {
  readonly bus: Pick<Bus, 'ask' | 'region'>;
  readonly readModel: Pick<ReadModel, 'namespaceByName'>;
  readonly permissions: MetadefPermissions;
  readonly acknowledged: Acknowledged;
  readonly address: AddressRules;
}

export interface MetadefChange {
  readonly request: Request;
  /** Any text from a path: what is no name is no namespace. */
  readonly namespace: string;
  /** What is to be done, or what follows from the id that it will be known by. */
  readonly command: MetadefCommand | ((identity: CommandIdentity) => MetadefCommand);
  /** Asks the policy about the namespace as it is; asked again where owner or visibility changed under way. */
  readonly check: (namespace: Namespace) => void;
  /** The body that an Idempotency-Key vouches for. */
  readonly body?: Buffer;
}

/** How the gateway reads and changes namespaces of metadata definitions. */
export interface Metadefs {
  /** The namespace, if the caller can find it: `get_metadef_namespace` is asked where one is shown. Refuses: NamespaceNotFound. */
  reachable(namespace: string, request: Request): Promise<Namespace>;
  /** Sends a command that creates a namespace and returns it. Refuses what the catalog refuses. */
  create(request: Request, namespace: string, command: MetadefCommand, body: Buffer): Promise<Namespace>;
  /** Sends a command on a namespace that the caller can find and `check` allows, and returns the namespace after it. */
  change(change: MetadefChange): Promise<NamespaceState>;
}

const maxChecks = 3;
/** An owner that no namespace has: text from outside never holds this character. */
const nobody = '\0';

export function metadefs({ bus, readModel, permissions, acknowledged, address }: MetadefParts): Metadefs {
  async function reachable(name: string, { caller }: Request): Promise<Namespace> {
    const record = isName(name) ? await readModel.namespaceByName(name, { atLeast: acknowledged.sequence() }) : undefined;
    if (!record) throw new Problem('NamespaceNotFound', { namespace: name });
    permissions.requireReachable(record.namespace, caller);
    return record.namespace;
  }

  async function send(request: Request, envelope: MetadefCommandEnvelope, identity: SentAs): Promise<NamespaceState> {
    const message: MetadefCommandMessage = { envelope, context: commandContext(request, identity, address) };
    const answer = await bus.ask<MetadefCommandAnswer>(commandSubject(bus.region, 'metadef'), message);
    acknowledged.advance(answer.sequence);
    return namespaceFromJson(answer.namespace);
  }

  /** A repeated request may find its namespace gone, by itself perhaps: its commit still answers, and nothing new can be decided for `nobody`. */
  async function repeated(request: Request, namespace: string, command: MetadefCommand, identity: CommandIdentity): Promise<NamespaceState> {
    try {
      return await send(request, { namespace, command, authorizedFor: { owner: nobody, visibility: 'private' } }, identity);
    } catch (error) {
      throw error instanceof Problem && error.code === 'NamespaceAuthorizationStale' ? new Problem('NamespaceNotFound', { namespace }) : error;
    }
  }

  async function attempt({ request, namespace: name, command: given, check }: MetadefChange, identity: CommandIdentity): Promise<NamespaceState> {
    const command = typeof given === 'function' ? given(identity) : given;
    let namespace: Namespace;
    try {
      namespace = await reachable(name, request);
    } catch (error) {
      const mayBeRepeated = identity.requestHash !== undefined && isName(name);
      if (mayBeRepeated && error instanceof Problem && error.code === 'NamespaceNotFound') return repeated(request, name, command, identity);
      throw error;
    }
    check(namespace);
    const { owner, visibility } = namespace;
    return send(request, { namespace: name, command, authorizedFor: { owner, visibility } }, identity);
  }

  return {
    reachable,
    async create(request, namespace, command, body) {
      const created = await send(request, { namespace, command }, commandIdentity(request, pathOf(request), body));
      crashPoint('before-acknowledgement');
      if (!created.exists) throw new Error(`namespace ${namespace} was created and is not there`);
      return created;
    },
    async change(change) {
      const identity = commandIdentity(change.request, pathOf(change.request), change.body);
      for (let checks = 1; ; checks += 1) {
        try {
          const namespace = await attempt(change, identity);
          crashPoint('before-acknowledgement');
          return namespace;
        } catch (error) {
          if (!(error instanceof Problem) || error.code !== 'NamespaceAuthorizationStale') throw error;
          if (checks >= maxChecks) throw new Problem('NamespaceConflict', { namespace: change.namespace }, { cause: error });
          await pause(20 * checks);
        }
      }
    },
  };
}

function isName(text: string): boolean {
  try {
    return namespaceToken(text) !== '';
  } catch {
    return false;
  }
}

/** The namespace that a command left, where it cannot have taken it away. */
export function existing(state: NamespaceState): Namespace {
  if (!state.exists) throw new Error('a namespace was changed and is not there');
  return state;
}
