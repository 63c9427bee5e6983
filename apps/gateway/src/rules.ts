import type { StoreConfig, StoresConfig } from '#libs/stores';
import { variableOf } from '#libs/platform';
import { join } from 'node:path';
import type { GatewayConfig } from './config.js';
import type { EdgeRules } from './edge/http-server.js';
import type { GatewayRules } from './tokens.js';

export const edgeRules = (config: GatewayConfig): EdgeRules => ({
  publicEndpoint: config.publicEndpoint,
  enableProxyHeadersParsing: config.enableProxyHeadersParsing,
  maxRequestIdLength: config.maxRequestIdLength,
  cors: {
    allowedOrigin: config.corsAllowedOrigin, allowCredentials: config.corsAllowCredentials, exposeHeaders: config.corsExposeHeaders,
    maxAge: config.corsMaxAge, allowMethods: config.corsAllowMethods, allowHeaders: config.corsAllowHeaders,
  },
});

export function gatewayRules(config: GatewayConfig, { enabled, defaultId }: StoresConfig): GatewayRules {
  const { publicEndpoint, enableProxyHeadersParsing, limitParamDefault, apiLimitMax } = config;
  return { publicEndpoint, enableProxyHeadersParsing, limitParamDefault, apiLimitMax, importMethods: [], storeIds: enabled.map(({ id }) => id), defaultStoreId: defaultId };
}

/** The stores as Glance's options name them: `enabled_backends`, `default_backend`, and a section for each store. Throws where a kind is not known. */
export function storesConfig(config: GatewayConfig, env: NodeJS.ProcessEnv = process.env): StoresConfig {
  const enabled = config.enabledBackends.map((entry): StoreConfig => {
    const [id = '', kind = ''] = entry.split(':').map((part) => part.trim());
    if (kind !== 'file') throw new Error(`${variableOf('default', 'enabled_backends')} names store ${id} of kind ${kind || '(none)'}; the kind that can be used is file, as in ${id}:file.`);
    const own = env[variableOf(id, 'filesystem_store_datadir')]?.trim();
    const shared = config.enabledBackends.length === 1 ? config.filesystemStoreDatadir : join(config.filesystemStoreDatadir, id);
    return { id, kind, dataDir: own || shared };
  });
  return { enabled, defaultId: config.defaultBackend || (enabled[0]?.id ?? '') };
}
