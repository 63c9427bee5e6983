import { Migration } from '@mikro-orm/migrations';

/** Which imports there are, of which image, and how far they are; what else is told of one stands in its image's history. */
export class Catalog0006Imports extends Migration {
  override up(): void {
    this.addSql(`create table imports (
      import_id uuid primary key,
      image_id uuid not null,
      task_type text collate "C" not null,
      owner text collate "C",
      status text collate "C" not null,
      created_at timestamptz(3) not null,
      updated_at timestamptz(3) not null,
      ended_at timestamptz(3))`);
    this.addSql('create index imports_by_age on imports (created_at, import_id)');
  }
}
