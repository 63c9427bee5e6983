import { Migration } from '@mikro-orm/migrations';

/** Which imports have not ended is asked every few seconds, and they are few, however many there were. */
export class Catalog0016ImportsUnderWay extends Migration {
  override up(): void {
    this.addSql('create index imports_under_way on imports (created_at) where ended_at is null');
  }
}
