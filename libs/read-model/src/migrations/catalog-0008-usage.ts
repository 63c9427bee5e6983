import { Migration } from '@mikro-orm/migrations';

/** What each project uses, kept by the projector so that nobody has to count; filled from what stands here already. */
export class Catalog0008Usage extends Migration {
  override up(): void {
    this.addSql(`create table project_usage (
      project text collate "C" primary key,
      images bigint not null,
      size_bytes bigint not null,
      stage_bytes bigint not null,
      uploads bigint not null) with (fillfactor = 50)`);
    this.addSql(`insert into project_usage (project, images, size_bytes, stage_bytes, uploads)
      select owner, count(*),
        coalesce(sum(size_bytes * (select count(*) from jsonb_array_elements(attempts) attempt where attempt ->> 'state' = 'stored')), 0),
        coalesce(sum((staged ->> 'sizeBytes')::bigint), 0),
        count(*) filter (where importing is not null or status in ('saving', 'uploading', 'importing'))
      from images where owner is not null group by owner`);
  }
}
