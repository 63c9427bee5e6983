import { Migration } from '@mikro-orm/migrations';

/** Tables that outlive every rebuild: what the log was known to hold, and the keys of persons. */
export class Guard0001Guard extends Migration {
  override up(): void {
    this.addSql(`create table log_position (
      id smallint primary key default 1 check (id = 1),
      log_created_at text not null,
      sequence bigint not null,
      hash text not null)`);
    this.addSql(`create table log_tail (
      sequence bigint primary key,
      subject text not null,
      bytes bytea not null)`);
    this.addSql(`create table person_keys (
      user_id text collate "C" primary key,
      key bytea not null check (octet_length(key) = 32),
      created_at timestamptz(3) not null)`);
  }
}
