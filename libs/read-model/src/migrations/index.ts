import type { Migration } from '@mikro-orm/migrations';
import { Catalog0001Images } from './catalog-0001-images.js';
import { Catalog0002Indexes } from './catalog-0002-indexes.js';
import { Guard0001Guard } from './guard-0001-guard.js';

export type MigrationsList = readonly { readonly name: string; readonly class: new (...given: ConstructorParameters<typeof Migration>) => Migration }[];

/** In order, for ever: a migration that was released is never edited, another one follows it. */
export const catalogMigrations = [
  { name: 'catalog-0001-images', class: Catalog0001Images },
  { name: 'catalog-0002-indexes', class: Catalog0002Indexes },
] as const;
export type CatalogMigration = (typeof catalogMigrations)[number]['name'];

export const guardMigrations = [{ name: 'guard-0001-guard', class: Guard0001Guard }] as const;
