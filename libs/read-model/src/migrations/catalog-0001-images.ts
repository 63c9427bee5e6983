import { Migration } from '@mikro-orm/migrations';

/** Tables of the disposable schema. No name is qualified: the search path says where they are built. */
export class Catalog0001Images extends Migration {
  override up(): void {
    this.addSql(`create table position (
      id smallint primary key default 1 check (id = 1),
      sequence bigint not null,
      log_created_at text not null) with (fillfactor = 10)`);
    this.addSql(`insert into position (sequence, log_created_at) values (0, '')`);
    this.addSql(`create table images (
      id uuid primary key,
      name text collate "C",
      owner text collate "C",
      is_protected boolean not null,
      is_hidden boolean not null,
      container_format text collate "C",
      disk_format text collate "C",
      min_disk bigint not null,
      min_ram bigint not null,
      status text collate "C" not null,
      visibility text collate "C" not null,
      tags text[] not null,
      properties jsonb not null,
      size_bytes bigint,
      virtual_size_bytes bigint,
      checksum text collate "C",
      os_hash_algo text collate "C",
      os_hash_value text collate "C",
      attempts jsonb not null,
      staged jsonb,
      importing jsonb,
      last_import_failed_stores text[],
      created_at timestamptz(3) not null,
      updated_at timestamptz(3) not null,
      version bigint not null,
      sequence bigint not null)`);
    this.addSql(`create table image_members (
      image_id uuid not null,
      member_id text collate "C" not null,
      ordinal integer not null,
      status text collate "C" not null,
      created_at timestamptz(3) not null,
      updated_at timestamptz(3) not null,
      image_created_at timestamptz(3) not null,
      primary key (image_id, member_id))`);
    this.addSql(`create table data_attempts (
      image_id uuid not null,
      attempt_id uuid not null,
      store_id text collate "C" not null,
      state text collate "C" not null,
      since timestamptz(3) not null,
      primary key (image_id, attempt_id))`);
    this.addSql(`create table parked_images (
      image_id uuid primary key,
      sequence bigint not null,
      reason text not null)`);
  }
}
