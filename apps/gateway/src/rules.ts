import type { ImportMethod } from '#libs/domain';
import { configuredReach } from '#libs/download';
import { configuredS3Sources, configuredStores, type StoresConfig } from '#libs/stores';
import { sectionsOf } from '#libs/platform';
import { conversionsIn } from '#libs/transfers';
import { hasCache } from './cache/open-cache.js';
import type { GatewayConfig } from './config.js';
import type { EdgeRules } from './edge/http-server.js';
import { metadataInjection } from './imports/metadata-injection.js';
import type { GatewayRules, LocationSwitches, StoreDetail } from './tokens.js';

export const edgeRules = (config: GatewayConfig): EdgeRules => ({
  publicEndpoint: config.publicEndpoint,
  enableProxyHeadersParsing: config.enableProxyHeadersParsing,
  maxRequestIdLength: config.maxRequestIdLength,
  imageSizeCap: config.imageSizeCap,
  rate: { readsPerSecond: config.readsPerSecond, changesPerSecond: config.changesPerSecond },
  cors: {
    allowedOrigin: config.corsAllowedOrigin, allowCredentials: config.corsAllowCredentials, exposeHeaders: config.corsExposeHeaders,
    maxAge: config.corsMaxAge, allowMethods: config.corsAllowMethods, allowHeaders: config.corsAllowHeaders,
  },
});

export function gatewayRules(config: GatewayConfig, { enabled, defaultId }: StoresConfig): GatewayRules {
  const { publicEndpoint, enableProxyHeadersParsing, limitParamDefault, apiLimitMax } = config;
  return {
    publicEndpoint, enableProxyHeadersParsing, disabledByFile: config.healthcheckDisableByFilePath, limitParamDefault, apiLimitMax, importMethods: switchedOn(config), region: config.region, hasCache: hasCache(config),
    listCommunityImages: config.listCommunityImages, reach: configuredReach(config), carriesQueries: config.sealKey !== undefined, injection: metadataInjection(config), s3Sources: configuredS3Sources(config.importS3Sources, sectionsOf(process.env), { withAccess: false }), conversions: conversionsIn(config.imageConversions), exports: config.imageExports, locations: locationRules(config),
    stores: enabled.map(storeDetail), storeIds: enabled.map(({ id }) => id), readOnlyStoreIds: enabled.filter(({ kind }) => kind === 'http').map(({ id }) => id), defaultStoreId: defaultId,
  };
}

const locationRules = ({ showMultipleLocations, showImageDirectUrl, doSecureHash, hashingAlgorithm }: GatewayConfig): LocationSwitches =>
  ({ areShown: showMultipleLocations, isDirectUrlShown: showImageDirectUrl, areHashed: doSecureHash, osHashAlgo: hashingAlgorithm });

/** glance: what `get_store_properties` of each driver tells. */
function storeDetail(store: StoresConfig['enabled'][number]): StoreDetail {
  const { id, kind, weight = 0 } = store;
  if (kind === 'file') return { id, kind, weight, properties: { data_dir: store.dataDir, chunk_size: 65_536, thin_provisioning: false } };
  if (kind !== 's3') return { id, kind, weight, properties: {} };
  const { chunkBytes, largeObjectBytes, parallelParts } = store.options;
  return { id, kind, weight, properties: { s3_store_large_object_size: largeObjectBytes / 2 ** 20, s3_store_large_object_chunk_size: chunkBytes / 2 ** 20, s3_store_thread_pools: parallelParts } };
}

/** What can be done here: the staging service takes nothing without the key that it knows us by, and no token goes to federation unsealed. */
const workingMethods = ({ capabilityKey, sealKey, stagingWriter }: GatewayConfig): ImportMethod[] => [
  ...(capabilityKey === undefined && stagingWriter === 'service' ? [] : ['glance-direct' as const]), 'web-download', 'copy-image', ...(sealKey === undefined ? [] : ['glance-download' as const]),
];

/** Glance writes the list in brackets. */
function switchedOn(config: GatewayConfig): ImportMethod[] {
  const names = config.enabledImportMethods.map((name) => name.replaceAll(/[[\]\s'"]/g, ''));
  return workingMethods(config).filter((method) => names.includes(method)).toSorted((one, other) => names.indexOf(one) - names.indexOf(other));
}

/** The stores that the operator enabled, each with the options of its section. Throws with all that is wrong. */
export const storesConfig = (config: GatewayConfig, env: NodeJS.ProcessEnv = process.env): StoresConfig =>
  configuredStores({ ...config, reach: configuredReach(config) }, sectionsOf(env));
