import { Migration } from '@mikro-orm/migrations';

/** Each serves the lists sorted by it and those filtered by it: a value is a range of the index, in the default order. */
const sortKeys = {
  name: `coalesce(name, '')`, status: 'status', container_format: `coalesce(container_format, '')`, disk_format: `coalesce(disk_format, '')`,
  size: 'coalesce(size_bytes, -1)', update: 'updated_at',
};

/**
 * One range a kind of visibility, each ordered as the default list is: a page is read from the head of a few ranges.
 * The last migration of the schema, so that a rebuild can fill the tables first.
 */
export class Catalog0002Indexes extends Migration {
  override up(): void {
    const order = 'created_at, id';
    this.addSql(`create index images_visible on images (visibility, is_hidden, ${order})`);
    this.addSql(`create index images_owned on images (owner, visibility, is_hidden, ${order})`);
    for (const [name, key] of Object.entries(sortKeys)) {
      this.addSql(`create index images_by_${name} on images (visibility, is_hidden, ${key}, ${order})`);
    }
    this.addSql('create index images_by_id on images (visibility, is_hidden, id)');
    this.addSql(`create index images_protected on images (visibility, is_hidden, ${order}) where is_protected`);
    this.addSql(`create index images_checksum on images (checksum)`);
    this.addSql(`create index images_hash on images (os_hash_value)`);
    this.addSql(`create index images_tags on images using gin (tags)`);
    this.addSql(`create index images_properties on images using gin (properties jsonb_path_ops)`);
    this.addSql(`create index image_members_shared on image_members (member_id, status, image_created_at, image_id)`);
    this.addSql(`create index data_attempts_work on data_attempts (state, since, attempt_id)`);
  }
}
