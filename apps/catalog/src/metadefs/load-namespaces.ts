import { randomUUID } from 'node:crypto';
import type { CommandContext } from '#libs/contracts';
import { readNamespaceDocument } from '#libs/definitions';
import { Problem, type LoadMode } from '#libs/domain';
import type { NamespaceFile } from './namespace-files.js';
import { executeWithRenames, type RenameParts } from './rename-namespace.js';

export interface Loaded { readonly loaded: number; readonly unchanged: number; readonly failed: number }

const operator: CommandContext['actor'] = { userId: 'service:operator', authMethod: 'service' };

/** Loads one file after another, tells of each what became of it, and goes on after one that fails. An outage ends it: what was loaded by then stays, and loading again goes on. */
export async function loadNamespaces(
  files: AsyncIterable<NamespaceFile> | Iterable<NamespaceFile>, mode: LoadMode, { say, ...parts }: RenameParts & { say(line: string): void },
): Promise<Loaded> {
  const counts = { loaded: 0, unchanged: 0, failed: 0 };
  for await (const file of files) {
    const outcome = await loadOne(file, mode, parts).catch((error: unknown) => failure(error));
    if (typeof outcome === 'string') say(`${file.name}: ${outcome}`);
    else if (outcome.hasChanged) say(`loaded ${outcome.name}`);
    counts[typeof outcome === 'string' ? 'failed' : outcome.hasChanged ? 'loaded' : 'unchanged'] += 1;
  }
  return counts;
}

async function loadOne(file: NamespaceFile, mode: LoadMode, parts: RenameParts): Promise<{ name: string; hasChanged: boolean }> {
  const { name, attributes, content } = readNamespaceDocument(await file.json());
  const commandId = randomUUID();
  const { sequence } = await executeWithRenames({
    envelope: { namespace: name, command: { type: 'LoadMetadefNamespace', mode, ...attributes, ...content } },
    context: { commandId, requestId: `metadefs-load-${commandId}`, actor: operator },
  }, parts);
  return { name, hasChanged: sequence > 0 };
}

/** What is wrong with this file; anything else is no fault of the file. */
function failure(error: unknown): string {
  if (error instanceof Problem && error.code !== 'Unavailable' && error.code !== 'LogFull') return error.message;
  if (error instanceof SyntaxError || isNoFile(error)) return (error as Error).message;
  throw error;
}

const isNoFile = (error: unknown): boolean => ['ENOENT', 'EISDIR', 'EACCES'].includes(String((error as { code?: unknown }).code));
