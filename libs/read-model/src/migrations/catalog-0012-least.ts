import { Migration } from '@mikro-orm/migrations';

/** Serve the lists filtered by `min_disk` and `min_ram`, as those of `catalog-0002-indexes` serve theirs. */
export class Catalog0012Least extends Migration {
  override up(): void {
    for (const key of ['min_disk', 'min_ram']) this.addSql(`create index images_by_${key} on images (visibility, is_hidden, ${key}, created_at, id)`);
  }
}
