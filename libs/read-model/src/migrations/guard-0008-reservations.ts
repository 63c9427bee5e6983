import { Migration } from '@mikro-orm/migrations';

/** What is about to be used. It outlives a rebuild: commands go on while the catalogue is swapped. */
export class Guard0008Reservations extends Migration {
  override up(): void {
    this.addSql('create table limited_projects (project text collate "C" primary key)');
    this.addSql(`create table reservations (
      holder text collate "C" primary key,
      project text collate "C" not null,
      image_id uuid not null,
      images bigint not null,
      size_bytes bigint not null,
      stage_bytes bigint not null,
      uploads bigint not null,
      crosses boolean not null,
      touched_at timestamptz(3) not null) with (fillfactor = 70)`);
    this.addSql('create index reservations_of_project on reservations (project)');
    this.addSql('create index reservations_by_age on reservations (touched_at)');
  }
}
