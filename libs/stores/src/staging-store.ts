import { fileURLToPath } from 'node:url';
import { stagingStoreId } from '#libs/domain';
import { configuredStores, type StoreSections } from './configured-stores.js';
import type { Store } from './store.js';
import { openStores } from './stores.js';

export const stagingStoreKinds = ['file', 's3'] as const;

/** Where staged data lies. (glance: node_staging_uri, and the section os_glance_staging_store, whose filesystem_store_datadir comes first) */
export interface StagingPlace {
  readonly nodeStagingUri: string;
  readonly stagingStoreKind: (typeof stagingStoreKinds)[number];
}

/** The staging area as a store; who only reads it changes nothing there, and finds nothing where it is not. Says everything that is wrong in one error. */
export async function openStagingStore({ nodeStagingUri, stagingStoreKind }: StagingPlace, sections: StoreSections, { isReadOnly = false } = {}): Promise<Store> {
  const { enabled, defaultId } = configuredStores({
    enabledBackends: [`${stagingStoreId}:${stagingStoreKind}`], defaultBackend: '', filesystemStoreDatadir: fileURLToPath(nodeStagingUri),
  }, sections);
  return (await openStores({ enabled: enabled.map((config) => ({ ...config, isReadOnly, takesParts: true })), defaultId })).default;
}
