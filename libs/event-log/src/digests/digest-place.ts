import { open, readdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';

/** Where digests are kept, outside of the log: a directory, or whatever else keeps small files. */
export interface DigestPlace {
  /** The names of all that is kept of a region, in any order; a name may have folders before it. */
  list(region: string): Promise<readonly string[]>;
  /** Undefined where nothing has the name. */
  read(name: string): Promise<Buffer | undefined>;
  /** Keeps a file durably, whole or not at all. `at`: the moment that it tells of. Gives its name. Rejects where the name is taken by something else and the place can tell. */
  write(file: { readonly region: string; readonly name: string; readonly at: Date }, bytes: Buffer): Promise<string>;
}

/** Digests beside one another in a directory that is there. */
export const digestDirectory = (dir: string): DigestPlace => ({
  list: async (region) => (await readdir(dir)).filter((name) => name.startsWith(`${region}-`)),
  read: (name) => readFile(join(dir, name)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }),
  async write({ name }, bytes) {
    const half = join(dir, `.${name}.part`);
    const file = await open(half, 'w', 0o644);
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(half, join(dir, name));
    return name;
  },
});
