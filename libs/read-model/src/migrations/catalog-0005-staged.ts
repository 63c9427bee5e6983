import { Migration } from '@mikro-orm/migrations';

/** Staged data that waits too long is found among the few images that have any. */
export class Catalog0005Staged extends Migration {
  override up(): void {
    this.addSql('create index images_staged on images (updated_at) where staged is not null');
  }
}
