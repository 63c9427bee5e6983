import { commandSubject, replicationFromJson, type ReplicationAnswer, type ReplicationMessage } from '#libs/contracts';
import { Problem, type ReplicationCommand, type ReplicationExecution, type ReplicationPolicy } from '#libs/domain';
import type { PolicyRule } from '#libs/identity';
import type { Bus } from '#libs/platform';
import type { ReplicationReads } from '#libs/read-model';
import type { AddressRules } from '../edge/address.js';
import { commandContext } from '../edge/command-context.js';
import type { Request } from '../edge/request.js';
import type { Acknowledged } from '../images/acknowledged.js';
import type { CommandIdentity } from '../images/idempotency.js';
import type { Permissions } from '../images/permissions.js';

export const REPLICATION = Symbol('replication');

/** What the controllers of replication work with. */
export interface ReplicationRoom {
  readonly reads: ReplicationReads;
  readonly acknowledged: Acknowledged;
  /** Refuses: Forbidden. */
  require(rule: Extract<PolicyRule, 'get_replication_policies' | 'modify_replication_policies'>, request: Request): void;
  /** Sends a command and gives what it left; undefined for a policy that was deleted. Refuses what federation refuses, and Unavailable. */
  send(request: Request, id: string, command: ReplicationCommand, identity: CommandIdentity): Promise<ReplicationPolicy | ReplicationExecution | undefined>;
  /** Refuses: ReplicationPolicyNotFound. */
  policy(id: string): Promise<ReplicationPolicy>;
  /** An execution of this policy. Refuses: ReplicationPolicyNotFound, ReplicationExecutionNotFound. */
  execution(policyId: string, id: string): Promise<ReplicationExecution>;
}

export interface ReplicationParts {
  readonly bus: Pick<Bus, 'ask' | 'region'>;
  readonly readModel: ReplicationReads;
  readonly permissions: Pick<Permissions, 'require'>;
  readonly acknowledged: Acknowledged;
  readonly address: AddressRules;
}

export function replicationRoom({ bus, readModel: reads, permissions, acknowledged, address }: ReplicationParts): ReplicationRoom {
  const atLeast = () => ({ atLeast: acknowledged.sequence() });
  async function policy(id: string): Promise<ReplicationPolicy> {
    const found = await reads.replicationPolicy(id, atLeast());
    if (!found) throw new Problem('ReplicationPolicyNotFound', { policyId: id.slice(0, 64) });
    return found.policy;
  }
  return {
    reads, acknowledged, policy,
    require: (rule, { caller }) => { permissions.require(rule, caller); },
    async send(request, id, command, identity) {
      const message: ReplicationMessage = { envelope: { id, command }, context: commandContext(request, identity, address) };
      const answer = await bus.ask<ReplicationAnswer>(commandSubject(bus.region, 'policy'), message, { what: 'The federation service' });
      acknowledged.advance(answer.sequence);
      const state = replicationFromJson(answer.replication);
      return state.exists ? state : undefined;
    },
    async execution(policyId, id) {
      await policy(policyId);
      const found = await reads.replicationExecution(id, atLeast());
      if (found?.policyId !== policyId) throw new Problem('ReplicationExecutionNotFound', { executionId: id.slice(0, 64) });
      return found;
    },
  };
}
