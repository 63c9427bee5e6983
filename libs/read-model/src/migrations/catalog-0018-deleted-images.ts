import { Migration } from '@mikro-orm/migrations';

/**
 * Deleted images with all of their last state: no list of today shows them, but lists of the past do, and what is kept for a while can come back.
 * Those that were deleted before this migration come with the next rebuild.
 */
export class Catalog0018DeletedImages extends Migration {
  override up(): void {
    this.addSql(`create table deleted_images (
      image_id uuid primary key,
      owner text collate "C",
      created_at timestamptz(3) not null,
      deleted_at timestamptz(3) not null,
      kept_until timestamptz(3),
      version bigint not null,
      sequence bigint not null,
      image jsonb not null)`);
    this.addSql('create index deleted_images_by_age on deleted_images (created_at, image_id)');
    this.addSql('create index deleted_images_owned on deleted_images (owner, created_at, image_id)');
    this.addSql('create index deleted_images_kept on deleted_images (kept_until) where kept_until is not null');
  }
}
