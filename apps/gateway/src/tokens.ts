import type { Reach } from '#libs/download';
import type { OsHashAlgo, S3ImportSource } from '#libs/stores';
import type { ReadModel } from '#libs/read-model';
import type { Injection } from './imports/metadata-injection.js';
import type { AddressRules } from './edge/address.js';
import type { ImageShower, ImageWriter } from './images/image.view.js';
import type { ImageSchema } from './images/image.schema.js';
import type { Acknowledged } from './images/acknowledged.js';
import type { Images } from './images/images.js';
import type { Permissions } from './images/permissions.js';
import type { MetadefPermissions } from './metadefs/metadef-permissions.js';
import type { Metadefs } from './metadefs/metadefs.js';
import type { ProtectedProperties } from './images/protected-properties.js';

/** Names under which the module hands its values to the controllers. */
export const GATEWAY_RULES = Symbol('rules');
export const IMAGES = Symbol('images');
export const PROGRESS = Symbol('progress');
export const METADEFS = Symbol('metadefs');
export const EVENTS = Symbol('events');
export const IDENTITY = Symbol('identity');

/** What of the configuration the controllers obey. */
export interface GatewayRules extends AddressRules {
  readonly region: string;
  /** Whether this gateway keeps copies of data: clients learn it from the versions. */
  readonly hasCache: boolean;
  /** Empty for none. (glance: healthcheck disable_by_file_path) */
  readonly disabledByFile: string;
  readonly limitParamDefault: number;
  /** Whether a list without a wish shows the community images of other projects, too. */
  readonly listCommunityImages: boolean;
  readonly apiLimitMax: number;
  /** Import methods that are switched on, in the operator's order. */
  readonly importMethods: readonly string[];
  /** Where tenants may let images come from. */
  readonly reach: Pick<Reach, 'filter' | 'addressRules'>;
  /** Whether the query of a URI finds its way to the importer. */
  readonly carriesQueries: boolean;
  /** What may be imported from S3 by the operator's accounts. */
  readonly s3Sources: readonly S3ImportSource[];
  readonly injection: Injection;
  /** Whether tenants may have images written to addresses that they name. */
  readonly exports: boolean;
  /** The disk formats that tenants may have images converted to. */
  readonly conversions: readonly string[];
  readonly locations: LocationSwitches;
  /** As administrators see them. */
  readonly stores: readonly StoreDetail[];
  readonly storeIds: readonly string[];
  /** Those of them that data is only read from. */
  readonly readOnlyStoreIds: readonly string[];
  readonly defaultStoreId: string;
}

/** What the operator lets clients see and say of where data lies. (glance: show_multiple_locations, show_image_direct_url, do_secure_hash, hashing_algorithm) */
export interface LocationSwitches {
  readonly areShown: boolean;
  readonly isDirectUrlShown: boolean;
  /** Whether a new location is read before its image is active. */
  readonly areHashed: boolean;
  readonly osHashAlgo: OsHashAlgo;
}

/** A store with what the operator chose for it; its properties have Glance's names. */
export interface StoreDetail { readonly id: string; readonly kind: string; readonly weight: number; readonly properties: Readonly<Record<string, string | number | boolean>> }

/** What every controller of images, members and tags works with. */
export interface ImageRoom {
  readonly images: Images;
  readonly permissions: Permissions;
  readonly properties: ProtectedProperties;
  readonly show: ImageShower;
  readonly write: ImageWriter;
  readonly schema: ImageSchema;
  readonly readModel: ReadModel;
  readonly acknowledged: Acknowledged;
}

/** What every controller of metadata definitions works with. */
export interface MetadefRoom {
  readonly metadefs: Metadefs;
  readonly permissions: MetadefPermissions;
  readonly readModel: Pick<ReadModel, 'listNamespaces' | 'resourceTypes'>;
  readonly acknowledged: Acknowledged;
}
