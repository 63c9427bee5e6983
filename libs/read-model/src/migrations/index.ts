import type { Migration } from '@mikro-orm/migrations';
import { Catalog0001Images } from './catalog-0001-images.js';
import { Catalog0002Indexes } from './catalog-0002-indexes.js';
import { Catalog0003Metadefs } from './catalog-0003-metadefs.js';
import { Catalog0004MetadefRenames } from './catalog-0004-metadef-renames.js';
import { Catalog0005Staged } from './catalog-0005-staged.js';
import { Catalog0006Imports } from './catalog-0006-imports.js';
import { Catalog0008Usage } from './catalog-0008-usage.js';
import { Catalog0011Uploads } from './catalog-0011-uploads.js';
import { Catalog0012Least } from './catalog-0012-least.js';
import { Catalog0013Events } from './catalog-0013-events.js';
import { Catalog0014Replications } from './catalog-0014-replications.js';
import { Catalog0016ImportsUnderWay } from './catalog-0016-imports-under-way.js';
import { Catalog0017Actions } from './catalog-0017-actions.js';
import { Catalog0018DeletedImages } from './catalog-0018-deleted-images.js';
import { Catalog0019OwnedByName } from './catalog-0019-owned-by-name.js';
import { Catalog0020Shelves } from './catalog-0020-shelves.js';
import { Guard0001Guard } from './guard-0001-guard.js';
import { Guard0008Reservations } from './guard-0008-reservations.js';
import { Guard0009Followers } from './guard-0009-followers.js';
import { Guard0017Webhooks } from './guard-0017-webhooks.js';

export type MigrationsList = readonly { readonly name: string; readonly class: new (...given: ConstructorParameters<typeof Migration>) => Migration }[];

/** In order, for ever: a migration that was released is never edited, another one follows it. */
export const catalogMigrations = [
  { name: 'catalog-0001-images', class: Catalog0001Images },
  { name: 'catalog-0002-indexes', class: Catalog0002Indexes },
  { name: 'catalog-0003-metadefs', class: Catalog0003Metadefs },
  { name: 'catalog-0004-metadef-renames', class: Catalog0004MetadefRenames },
  { name: 'catalog-0005-staged', class: Catalog0005Staged },
  { name: 'catalog-0006-imports', class: Catalog0006Imports },
  { name: 'catalog-0008-usage', class: Catalog0008Usage },
  { name: 'catalog-0011-uploads', class: Catalog0011Uploads },
  { name: 'catalog-0012-least', class: Catalog0012Least },
  { name: 'catalog-0013-events', class: Catalog0013Events },
  { name: 'catalog-0014-replications', class: Catalog0014Replications },
  { name: 'catalog-0016-imports-under-way', class: Catalog0016ImportsUnderWay },
  { name: 'catalog-0017-actions', class: Catalog0017Actions },
  { name: 'catalog-0018-deleted-images', class: Catalog0018DeletedImages },
  { name: 'catalog-0019-owned-by-name', class: Catalog0019OwnedByName },
  { name: 'catalog-0020-shelves', class: Catalog0020Shelves },
] as const;

export const guardMigrations = [
  { name: 'guard-0001-guard', class: Guard0001Guard },
  { name: 'guard-0008-reservations', class: Guard0008Reservations },
  { name: 'guard-0009-followers', class: Guard0009Followers },
  { name: 'guard-0017-webhooks', class: Guard0017Webhooks },
] as const;
