import { Problem } from '#libs/domain';
import { fileStore } from './file.js';
import { isStoreId } from './layout.js';
import { memoryStore } from './memory.js';
import type { Store } from './store.js';

export type StoreConfig =
  | { readonly id: string; readonly kind: 'file'; readonly dataDir: string; readonly isReadOnly?: boolean }
  | { readonly id: string; readonly kind: 'memory'; readonly capacityBytes?: number; readonly isReadOnly?: boolean };

export interface StoresConfig {
  readonly enabled: readonly StoreConfig[];
  readonly defaultId: string;
}

export interface Stores {
  readonly all: ReadonlyMap<string, Store>;
  readonly default: Store;
  /** The store of that name. Refuses: StoreUnknown. */
  get(storeId: string): Store;
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
  return { all, default: get(defaultId), get };
}

async function openStore(config: StoreConfig): Promise<Store> {
  return config.kind === 'file' ? fileStore(config.id, config) : memoryStore(config.id, config);
}

function refuseFaults(enabled: readonly StoreConfig[], defaultId: string): void {
  const ids = enabled.map(({ id }) => id);
  const dataDirs = enabled.flatMap((config) => (config.kind === 'file' ? [config.dataDir] : []));
  const faults = [
    ...ids.filter((id) => !isStoreId(id)).map((id) => `"${id}" cannot name a store: letters, digits, _ and -, at most 64`),
    ...repeated(ids).map((id) => `store ${id} is enabled more than once`),
    ...repeated(dataDirs).map((dataDir) => `more than one store lies in ${dataDir}`),
    ...(ids.includes(defaultId) ? [] : [`the default store ${defaultId} is not among those enabled (${ids.join(', ') || 'none'})`]),
  ];
  if (faults.length > 0) throw new Error(`The stores cannot be opened: ${faults.join('; ')}.`);
}

const repeated = (names: readonly string[]): string[] => [...new Set(names.filter((name, at) => names.indexOf(name) !== at))];
