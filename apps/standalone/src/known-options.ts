import { join } from 'node:path';
import { projectDir } from '#libs/embedded';
import { describeOptions } from '#libs/platform';
import { serviceNames } from './services.js';

/** The variables of every option of every service, read from the services' own configuration classes. */
export async function knownVariables(): Promise<ReadonlySet<string>> {
  const known = new Set<string>();
  for (const name of [...serviceNames, 'development-identity']) {
    const exported = (await import(join(projectDir(), 'dist/apps', name, 'src/config.js'))) as Record<string, unknown>;
    for (const each of Object.values(exported).filter((value) => typeof value === 'function')) {
      for (const { variable } of describeOptions(each as new () => object)) known.add(variable);
    }
  }
  return known;
}

/** What `--set` said that no service listens to: most likely a slip of the keyboard. A store's own section is not in any table. */
export function unknownSettings(settings: Readonly<Record<string, string>>, known: ReadonlySet<string>): string[] {
  return Object.keys(settings).filter((variable) => !known.has(variable) && !/__(FILESYSTEM_STORE_DATADIR|WEIGHT|S3_STORE_\w+)$/.test(variable));
}
