import { Migration } from '@mikro-orm/migrations';

/** Namespaces of metadata definitions: one row holds all of one, since the domain bounds how much that is. */
export class Catalog0003Metadefs extends Migration {
  override up(): void {
    this.addSql(`create table metadef_namespaces (
      name text collate "C" primary key,
      display_name text collate "C",
      description text collate "C",
      visibility text collate "C" not null,
      is_protected boolean not null,
      owner text collate "C" not null,
      resource_type_names text[] not null,
      resource_types jsonb not null,
      properties jsonb not null,
      objects jsonb not null,
      tags jsonb not null,
      created_at timestamptz(3) not null,
      updated_at timestamptz(3) not null,
      version bigint not null,
      sequence bigint not null)`);
    this.addSql(`create table metadef_resource_types (
      name text collate "C" primary key,
      sequence bigint not null,
      created_at timestamptz(3) not null)`);
    this.addSql(`create table parked_namespaces (
      token text collate "C" primary key,
      sequence bigint not null,
      reason text not null)`);
    this.addSql(`create index metadef_namespaces_visible on metadef_namespaces (visibility, created_at, name)`);
    this.addSql(`create index metadef_namespaces_owned on metadef_namespaces (owner, created_at, name)`);
    this.addSql(`create index metadef_namespaces_resource_types on metadef_namespaces using gin (resource_type_names)`);
  }
}
