import { join } from 'node:path';
import type { Reach } from '#libs/download';
import { readS3Options, truthOf } from './s3-options.js';
import type { StoreConfig, StoresConfig } from './stores.js';

/** What is said of all stores together. (glance: enabled_backends, default_backend, filesystem_store_datadir) */
export interface EnabledStores {
  /** `id:kind` each. */
  readonly enabledBackends: readonly string[];
  /** Empty for the first. */
  readonly defaultBackend: string;
  /** The directory of the only file store, or the one in which several have theirs. */
  readonly filesystemStoreDatadir: string;
  /** Where http stores may read; without it there can be none. (glance: import_filtering_opts) */
  readonly reach?: Reach;
}

/** Where the options of a store's own section are looked up, and what an option is called where the operator sets it. */
export interface StoreSections {
  value(section: string, name: string): string | undefined;
  name(section: string, name: string): string;
}

/** The stores as Glance's options describe them: a list, and a section for each store. Everything that is wrong is said in
 *  one error, with the names of options and never the value of a secret. */
export function configuredStores({ enabledBackends, defaultBackend, filesystemStoreDatadir, reach }: EnabledStores, sections: StoreSections): StoresConfig {
  const faults: string[] = [];
  const isOnly = enabledBackends.length === 1;
  const enabled = enabledBackends.flatMap((entry): StoreConfig[] => {
    const [id = '', kind = ''] = entry.split(':').map((part) => part.trim());
    const option = (name: string): string | undefined => sections.value(id, name)?.trim() || undefined;
    const fault = (name: string, expected: string): void => { faults.push(`${sections.name(id, name)}: expected ${expected}`); };
    const weight = weightOf(option('weight'), () => { fault('weight', 'a whole number'); });
    if (kind === 'file') return [{ id, kind, weight, ...fileOptions(option, fault, isOnly ? filesystemStoreDatadir : join(filesystemStoreDatadir, id)) }];
    if (kind === 's3') return [{ id, kind, weight, options: readS3Options(option, fault) }];
    if (kind === 'http' && reach) return [{ id, kind, weight, reach, ...httpOptions(option, fault) }];
    faults.push(`${sections.name('default', 'enabled_backends')} names store ${id} of kind ${kind || '(none)'}; the kinds are file, s3 and http, as in ${id}:file`);
    return [];
  });
  if (faults.length > 0) throw new Error(`The stores cannot be opened: ${faults.join('; ')}.`);
  return { enabled, defaultId: defaultBackend || (enabled.find(({ kind }) => kind !== 'http')?.id ?? '') };
}

function fileOptions(option: (name: string) => string | undefined, fault: (name: string, expected: string) => void, commonDir: string): { dataDir: string; isSynced: boolean } {
  const isSynced = truthOf(option('filesystem_store_sync') ?? 'true', () => { fault('filesystem_store_sync', 'true or false'); });
  return { dataDir: option('filesystem_store_datadir') ?? commonDir, isSynced };
}

/** Of Glance's options for this kind, what weakens the connection is not offered: certificates are always verified, and no proxy goes between. */
function httpOptions(option: (name: string) => string | undefined, fault: (name: string, expected: string) => void): { caCertificatesFile?: string } {
  if (!['false', undefined].includes(option('https_insecure')?.toLowerCase())) fault('https_insecure', 'false: certificates are always verified; https_ca_certificates_file names authorities of your own');
  if (option('http_proxy_information') !== undefined) fault('http_proxy_information', 'nothing: the connection goes straight to the address that was judged');
  const caCertificatesFile = option('https_ca_certificates_file');
  return caCertificatesFile === undefined ? {} : { caCertificatesFile };
}

function weightOf(text: string | undefined, fault: () => void): number {
  const weight = Number(text ?? 0);
  if (!Number.isSafeInteger(weight)) fault();
  return weight;
}
