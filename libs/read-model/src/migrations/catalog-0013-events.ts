import { Migration } from '@mikro-orm/migrations';

/**
 * The feed: each event of an image as each of its receivers may know it. `receiver` of an owner's row is today's owner, empty for nobody. Filled from
 * the log by a follower of its own, whose position stands beside it: a rebuilt catalogue has an empty feed, and it is filled again.
 */
export class Catalog0013Events extends Migration {
  override up(): void {
    this.addSql(`create table feed_position (
      id smallint primary key default 1 check (id = 1),
      sequence bigint not null,
      log_created_at text not null,
      moment timestamptz(3) not null) with (fillfactor = 10)`);
    this.addSql(`insert into feed_position (sequence, log_created_at, moment) values (0, '', '1970-01-01T00:00:00Z')`);
    this.addSql(`create table image_events (
      sequence bigint not null,
      ordinal integer not null,
      audience text collate "C" not null,
      receiver text collate "C" not null,
      image_id uuid not null,
      type text collate "C" not null,
      actor text collate "C",
      moment timestamptz(3) not null,
      event json not null,
      primary key (sequence, ordinal, audience))`);
    this.addSql('create index image_events_by_receiver on image_events (receiver, sequence, ordinal)');
    this.addSql('create index image_events_by_image on image_events (image_id, sequence, ordinal)');
    this.addSql('create index image_events_by_moment on image_events (moment, sequence)');
  }
}
