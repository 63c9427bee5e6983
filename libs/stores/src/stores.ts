import { readFile } from 'node:fs/promises';
import { Problem } from '#libs/domain';
import type { Reach } from '#libs/download';
import { fileStore } from './file.js';
import { httpStore } from './http.js';
import { isStoreId } from './layout.js';
import { memoryStore } from './memory.js';
import type { S3Options } from './s3-options.js';
import type { Store } from './store.js';

interface CommonConfig {
  readonly id: string;
  readonly isReadOnly?: boolean;
  /** The higher, the sooner data is taken from here when several stores hold it; 0 unless told. (glance: weight) */
  readonly weight?: number;
  /** Whether data may arrive in several requests, as in a staging area. */
  readonly takesParts?: boolean;
}
export type StoreConfig =
  | CommonConfig & { readonly kind: 'file'; readonly dataDir: string; readonly isSynced?: boolean }
  | CommonConfig & { readonly kind: 's3'; readonly options: S3Options }
  | CommonConfig & { readonly kind: 'http'; readonly reach: Reach; readonly caCertificatesFile?: string }
  | CommonConfig & { readonly kind: 'memory'; readonly capacityBytes?: number };

export interface StoresConfig {
  readonly enabled: readonly StoreConfig[];
  readonly defaultId: string;
}

export interface Stores {
  readonly all: ReadonlyMap<string, Store>;
  readonly default: Store;
  /** The store of that name. Refuses: StoreUnknown. */
  get(storeId: string): Store;
  /** All of them, those to be preferred first; as they were enabled where the weights are equal. */
  byWeight(): readonly Store[];
}

/** Opens the stores that the operator enabled (glance: enabled_backends, default_backend). Everything that is wrong with
 *  the configuration is said in one error. */
export async function openStores({ enabled, defaultId }: StoresConfig): Promise<Stores> {
  refuseFaults(enabled, defaultId);
  const all = new Map<string, Store>();
  for (const config of enabled) all.set(config.id, await openStore(config));
  const get = (storeId: string): Store => {
    const store = all.get(storeId);
    if (!store) throw new Problem('StoreUnknown', { storeId });
    return store;
  };
  const preferred = enabled.toSorted((one, other) => (other.weight ?? 0) - (one.weight ?? 0)).map(({ id }) => get(id));
  return { all, default: get(defaultId), get, byWeight: () => preferred };
}

async function openStore(config: StoreConfig): Promise<Store> {
  switch (config.kind) {
    case 'file': return fileStore(config.id, config);
    // Its client is loaded where a bucket is: 20 MiB that a directory does without.
    case 's3': return (await import('./s3.js')).s3Store(config.id, config.options, config);
    case 'http': return httpStore(config.id, { ...config.reach, ...(config.caCertificatesFile === undefined ? {} : { trustedCertificates: await readFile(config.caCertificatesFile, 'utf8') }) });
    case 'memory': return memoryStore(config.id, config);
  }
}

function refuseFaults(enabled: readonly StoreConfig[], defaultId: string): void {
  const ids = enabled.map(({ id }) => id);
  const places = enabled.flatMap(placeOf);
  const faults = [
    ...ids.filter((id) => !isStoreId(id)).map((id) => `"${id}" cannot name a store: letters, digits, _ and -, at most 64`),
    ...repeated(ids).map((id) => `store ${id} is enabled more than once`),
    ...repeated(places).map((place) => `more than one store lies in ${place}`),
    ...enabled.filter(({ id, kind }) => id === defaultId && kind === 'http').map(({ id }) => `the default store ${id} cannot be written, as its kind is http`),
    ...(ids.includes(defaultId) ? [] : [`the default store ${defaultId} is not among those enabled (${ids.join(', ') || 'none'})`]),
  ];
  if (faults.length > 0) throw new Error(`The stores cannot be opened: ${faults.join('; ')}.`);
}

const placeOf = (config: StoreConfig): string[] => {
  if (config.kind === 'file') return [config.dataDir];
  return config.kind === 's3' ? [`bucket ${config.options.bucket} at ${config.options.endpoint.origin}`] : [];
};

const repeated = (names: readonly string[]): string[] => [...new Set(names.filter((name, at) => names.indexOf(name) !== at))];
