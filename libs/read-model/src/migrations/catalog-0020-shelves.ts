import { Migration } from '@mikro-orm/migrations';

/** As it was when these indexes were made. */
const shelf = `(case visibility when 'private' then 1 when 'public' then 2 when 'shared' then 3 when 'community' then 4 else 5 end * case when is_hidden then -1 else 1 end)`;

/** By name, what follows the shelf. */
const onShelves = {
  visible: 'created_at, id', by_id: 'id',
  by_name: `coalesce(name, ''), created_at, id`, by_status: 'status, created_at, id',
  by_container_format: `coalesce(container_format, ''), created_at, id`, by_disk_format: `coalesce(disk_format, ''), created_at, id`,
  by_size: 'coalesce(size_bytes, -1), created_at, id', by_update: 'updated_at, created_at, id',
  by_min_disk: 'min_disk, created_at, id', by_min_ram: 'min_ram, created_at, id',
};

/**
 * The indexes of lists once more, where `visibility, is_hidden` is one number: comparing two columns of few values for every pair was most of building them.
 * It makes every one anew: about half a minute for a million images.
 */
export class Catalog0020Shelves extends Migration {
  override up(): void {
    for (const name of [...Object.keys(onShelves), 'protected', 'owned', 'owned_by_name']) this.addSql(`drop index images_${name}`);
    for (const [name, columns] of Object.entries(onShelves)) this.addSql(`create index images_${name} on images (${shelf}, ${columns})`);
    this.addSql(`create index images_protected on images (${shelf}, created_at, id) where is_protected`);
    this.addSql(`create index images_owned on images (owner, ${shelf}, created_at, id)`);
    this.addSql(`create index images_owned_by_name on images (owner, ${shelf}, coalesce(name, ''), created_at, id)`);
    // What to expect of the number PostgreSQL learns by looking at some.
    this.addSql('do $$ begin if exists (select from images) then analyze images; end if; end $$');
  }
}
