import { Migration } from '@mikro-orm/migrations';

/** A rename is commits under two names: what stands under the old one, and what came under the new one, say so until both are recorded. */
export class Catalog0004MetadefRenames extends Migration {
  override up(): void {
    this.addSql('alter table metadef_namespaces add column renaming jsonb, add column moved_by jsonb');
    this.addSql('create index metadef_namespaces_renaming on metadef_namespaces (name) where renaming is not null');
  }
}
