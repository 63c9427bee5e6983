import { Migration } from '@mikro-orm/migrations';

/**
 * Where events go on behalf of projects. Not in the log: a receiver is nothing that an image's history has to know for ever, and its secret, sealed
 * with a key that is not in this database, must end with it. Outside of the catalogue, which a rebuild throws away.
 */
export class Guard0017Webhooks extends Migration {
  override up(): void {
    this.addSql(`create table webhooks (
      id uuid primary key,
      project text collate "C",
      owner text collate "C" not null,
      url text not null,
      types text[] not null,
      sealed text not null,
      is_active boolean not null default true,
      paused_because text,
      created_at timestamptz(3) not null,
      log_created_at text not null,
      sequence bigint not null,
      ordinal integer not null,
      attempts integer not null default 0,
      abandoned integer not null default 0,
      next_at timestamptz(3) not null,
      claimed_until timestamptz(3))`);
    this.addSql('create index webhooks_due on webhooks (next_at) where is_active');
    this.addSql('create index webhooks_of_owner on webhooks (owner)');
    this.addSql(`create table webhook_deliveries (
      webhook_id uuid not null references webhooks on delete cascade,
      sequence bigint not null,
      ordinal integer not null,
      state text collate "C" not null,
      attempts integer not null,
      status_code integer,
      reason text not null,
      moment timestamptz(3) not null,
      primary key (webhook_id, sequence, ordinal))`);
    this.addSql(`create index webhook_deliveries_again on webhook_deliveries (webhook_id) where state = 'again'`);
  }
}
