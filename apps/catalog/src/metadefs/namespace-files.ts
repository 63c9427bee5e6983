import { readFile, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { usualNamespaces } from '#libs/definitions';

/** Something that should hold a namespace; `json` throws where it cannot be read. */
export interface NamespaceFile {
  readonly name: string;
  json(): Promise<unknown>;
}

/** The files that are named, and those in directories that are named whose names end in .json, in order. */
export async function* namespaceFiles(paths: readonly string[]): AsyncGenerator<NamespaceFile> {
  for (const path of paths) {
    const isDirectory = await stat(path).then((found) => found.isDirectory(), () => false);
    const files = isDirectory ? (await readdir(path)).filter((file) => file.endsWith('.json')).sort().map((file) => join(path, file)) : [path];
    for (const name of files) yield { name, json: async () => JSON.parse(await readFile(name, 'utf8')) as unknown };
  }
}

/** Those that come with Heliograph. */
export function* usualFiles(): Generator<NamespaceFile> {
  for (const document of usualNamespaces) yield { name: document.namespace, json: () => Promise.resolve(document) };
}
