import { Migration } from '@mikro-orm/migrations';

/** Serves what clients of projects ask most, an image of their own by its name, however many others have that name, and their own images in the order of names. */
export class Catalog0019OwnedByName extends Migration {
  override up(): void {
    this.addSql(`create index images_owned_by_name on images (owner, visibility, is_hidden, coalesce(name, ''), created_at, id)`);
  }
}
