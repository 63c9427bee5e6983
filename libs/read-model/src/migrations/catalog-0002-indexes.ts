import { Migration } from '@mikro-orm/migrations';

/**
 * One range a kind of visibility, each ordered as the default list is: a page is read from the head of a few ranges.
 * The last migration of the schema, so that a rebuild can fill the tables first.
 */
export class Catalog0002Indexes extends Migration {
  override up(): void {
    const order = 'created_at, id';
    this.addSql(`create index images_visible on images (visibility, is_hidden, ${order})`);
    this.addSql(`create index images_owned on images (owner, visibility, is_hidden, ${order})`);
    this.addSql(`create index images_by_name on images (visibility, is_hidden, coalesce(name, ''), ${order})`);
    this.addSql(`create index images_by_update on images (visibility, is_hidden, updated_at, ${order})`);
    this.addSql(`create index images_by_size on images (visibility, is_hidden, coalesce(size_bytes, -1), ${order})`);
    this.addSql(`create index images_named on images (name, ${order})`);
    this.addSql(`create index images_unusual on images (status, ${order}) where status <> 'active'`);
    this.addSql(`create index images_formatted on images (disk_format, ${order})`);
    this.addSql(`create index images_checksum on images (checksum)`);
    this.addSql(`create index images_hash on images (os_hash_value)`);
    this.addSql(`create index images_tags on images using gin (tags)`);
    this.addSql(`create index images_properties on images using gin (properties jsonb_path_ops)`);
    this.addSql(`create index image_members_shared on image_members (member_id, status, image_created_at, image_id)`);
    this.addSql(`create index data_attempts_work on data_attempts (state, since, attempt_id)`);
  }
}
