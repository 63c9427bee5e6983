import { Migration } from '@mikro-orm/migrations';

/** Images that nobody sees before their data is there, and the actions of tenants that bring them. Null for all others. */
export class Catalog0017Actions extends Migration {
  override up(): void {
    this.addSql('alter table images add column arriving jsonb');
    this.addSql('alter table imports add column action text collate "C", add column asked jsonb, add column message text');
    this.addSql('create index imports_actions on imports (owner, created_at, import_id) where action is not null');
  }
}
