import { Migration } from '@mikro-orm/migrations';

/** Uploads that can be resumed are no work of the sweeper of leases, and expire by themselves. Null for every other attempt. */
export class Catalog0011Uploads extends Migration {
  override up(): void {
    this.addSql('alter table data_attempts add column is_resumable boolean');
    this.addSql("create index data_attempts_resumable on data_attempts (since) where is_resumable and state = 'open'");
  }
}
