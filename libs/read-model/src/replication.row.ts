import { replicationFromJson } from '#libs/contracts';
import type { NoReplication, ReplicationState } from '#libs/domain';

/** A policy or an execution as table `replications` keeps it, by column name. */
export interface ReplicationRow {
  id: string;
  kind: 'policy' | 'execution';
  policy_id: string;
  status: string;
  state: KnownReplication;
  created_at: string;
  version: number;
  sequence: number;
}

export type KnownReplication = Exclude<ReplicationState, NoReplication>;

/** A policy or an execution whose commits cannot be projected from `sequence` on. */
export interface ParkedReplicationRow { replication_id: string; sequence: number; reason: string }

export function replicationRowOf(id: string, state: KnownReplication, { version, sequence }: { version: number; sequence: number }): ReplicationRow {
  const ofKind = state.kind === 'policy' ? { policy_id: id, status: state.isPaused ? 'paused' : 'active' } : { policy_id: state.policyId, status: state.status };
  return { id, kind: state.kind, ...ofKind, state, created_at: state.createdAt.toISOString(), version, sequence };
}

export const replicationOf = ({ state }: Pick<ReplicationRow, 'state'>): KnownReplication => replicationFromJson(state);
