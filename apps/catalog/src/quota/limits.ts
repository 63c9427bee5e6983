import { Problem, resources, type Resource } from '#libs/domain';
import { createUnifiedLimits, type UnifiedLimitsOptions } from '#libs/identity';
import type { Limits } from '#libs/read-model';
import type { CatalogConfig } from '../config.js';
import { storageQuota } from './storage-quota.js';

/** Where the limits of projects come from. */
export interface ProjectLimits {
  /** What a project may use; `maxAgeMs` is how old that knowledge may be. Refuses: Unavailable. */
  limitsOf(projectId: string, options: { readonly maxAgeMs: number }): Promise<Limits>;
  /** Whether nothing may cross them, data of undeclared size included. */
  readonly isStrict: boolean;
  /** Whether projects are told of them at /v2/info/usage, as Glance does with limits of the identity service. */
  readonly areShown: boolean;
}

const mebibyte = 1024 ** 2;
export const noLimits: Limits = { images: Infinity, sizeBytes: Infinity, stageBytes: Infinity, uploads: Infinity };

/** What Glance registers its limits as, and how much of ours one of theirs is. Source: API.md section 21. */
export const registered: Readonly<Record<Resource, { readonly name: string; readonly unit: number }>> = {
  images: { name: 'image_count_total', unit: 1 },
  sizeBytes: { name: 'image_size_total', unit: mebibyte },
  stageBytes: { name: 'image_stage_total', unit: mebibyte },
  uploads: { name: 'image_count_uploading', unit: 1 },
};

/** Limits of the identity service where they are switched on, else the storage quota, which is the same for all; undefined where there are none. */
export function configuredLimits(config: CatalogConfig, warn: (message: string) => void): ProjectLimits | undefined {
  if (config.useKeystoneLimits) return keystoneLimits(createUnifiedLimits({ ...keystoneOptions(config), warn }), config);
  const quotaBytes = storageQuota(config.userStorageQuota);
  if (quotaBytes === 0) return undefined;
  const limits = { ...noLimits, sizeBytes: quotaBytes };
  return { limitsOf: () => Promise.resolve(limits), isStrict: true, areShown: false };
}

/** A limit that is not registered is 0, as for oslo.limit: who forgot one must notice. */
function keystoneLimits(limits: ReturnType<typeof createUnifiedLimits>, { strictLimits, limitsCacheSeconds }: CatalogConfig): ProjectLimits {
  return {
    isStrict: strictLimits, areShown: true,
    async limitsOf(projectId, { maxAgeMs }) {
      const told = await limits.limitsOf(projectId, { maxAgeMs: Math.max(maxAgeMs, limitsCacheSeconds * 1000) });
      return Object.fromEntries(resources.map((resource) => [resource, (told[registered[resource].name] ?? 0) * registered[resource].unit])) as Record<Resource, number>;
    },
  };
}

function keystoneOptions(config: CatalogConfig): Pick<UnifiedLimitsOptions, 'authUrl' | 'serviceUser' | 'endpoint'> {
  const { limitUsername: username, limitPassword: password = '', limitUserDomainId: userDomainId, limitProjectName: projectName, limitProjectDomainId: projectDomainId } = config;
  const region = config.limitEndpointRegionName === '' ? config.region : config.limitEndpointRegionName;
  return {
    authUrl: config.limitAuthUrl,
    serviceUser: config.limitSystemScope === 'all' ? { username, password, userDomainId, systemScope: true } : { username, password, userDomainId, projectName, projectDomainId },
    endpoint: config.limitEndpointId === '' ? { serviceType: config.limitEndpointServiceType, region } : { id: config.limitEndpointId },
  };
}

/** The refusal as a caller reads it, in the units in which limits are registered. */
export function limitReached(projectId: string, { resource, limit, asked }: { readonly resource: Resource; readonly limit: number; readonly asked: number }): Problem {
  const { name, unit } = registered[resource];
  const shown = (amount: number) => unit === 1 ? String(amount) : `${Number((amount / unit).toFixed(2))} MiB`;
  return new Problem('LimitReached', { projectId, resource: name, limit: shown(limit), asked: shown(asked) });
}
