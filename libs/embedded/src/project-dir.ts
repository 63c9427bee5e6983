import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The directory of the project, also when this runs from what was built. */
export function projectDir(from = import.meta.dirname): string {
  for (let dir = from; dir !== dirname(dir); dir = dirname(dir)) {
    if (existsSync(join(dir, 'package-lock.json'))) return dir;
  }
  throw new Error(`${from} lies in no project`);
}

/** What was fetched once and is used by every start. */
export const cacheDir = (): string => join(projectDir(), '.cache');
