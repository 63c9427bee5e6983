import { Migration } from '@mikro-orm/migrations';

/** Replication policies and their executions, each as its commits fold: the domain bounds how much one can hold. A policy's `policy_id` is its own. */
export class Catalog0014Replications extends Migration {
  override up(): void {
    this.addSql(`create table replications (
      id uuid primary key,
      kind text collate "C" not null,
      policy_id uuid not null,
      status text collate "C" not null,
      state jsonb not null,
      created_at timestamptz(3) not null,
      version bigint not null,
      sequence bigint not null)`);
    this.addSql(`create table parked_replications (
      replication_id text collate "C" primary key,
      sequence bigint not null,
      reason text not null)`);
    this.addSql('create index replications_by_age on replications (kind, policy_id, created_at, id)');
    this.addSql(`create index replications_policies on replications (created_at, id) where kind = 'policy'`);
    this.addSql(`create index replications_open on replications (created_at, id) where kind = 'execution' and status in ('waiting', 'running', 'paused')`);
  }
}
