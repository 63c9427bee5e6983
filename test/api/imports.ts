import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Api } from './harness.js';

export interface Task { readonly id: string; readonly status: string; readonly message: string; readonly [field: string]: unknown }

/** What is read as soon as it is so; on a machine that has much else to do it may take most of a minute. */
export async function eventually<Value>(read: () => Promise<Value>, holds: (value: Value) => boolean): Promise<Value> {
  for (let tries = 0; ; tries += 1) {
    const value = await read();
    if (holds(value)) return value;
    if (tries === 1000) throw new Error(`it stayed ${JSON.stringify(value)}`);
    await pause(50);
  }
}

/** The imports of an image, as administrators see them. */
export function importsAt(api: Api) {
  const tasks = async (id: string): Promise<Task[]> => (await api.as('admin').get(`/v2/images/${id}/tasks`)).json<{ tasks: Task[] }>().tasks;
  const last = async (id: string): Promise<Task | undefined> => (await tasks(id)).at(-1);
  return {
    last,
    ended: (id: string) => eventually(() => last(id), (task) => task?.status === 'success' || task?.status === 'failure'),
    /** The files of an image in all stores, finished or not. */
    filesOf: (id: string): Promise<string[]> => filesOf(api.imagesDir, id),
    stagedFilesOf: (id: string): Promise<string[]> => filesOf(api.stagingDir, id),
  };
}

async function filesOf(dir: string, id: string): Promise<string[]> {
  // A folder that goes away while it is read is looked at again.
  const entries = await readdir(dir, { recursive: true, withFileTypes: true }).catch((error: unknown) => {
    if ((error as { code?: string }).code === 'ENOENT') return undefined;
    throw error;
  });
  if (!entries) return filesOf(dir, id);
  return entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name)).filter((file) => file.includes(id));
}
