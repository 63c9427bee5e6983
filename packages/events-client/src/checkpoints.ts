import { open, readFile, rename } from 'node:fs/promises';

/** Where a consumer remembers how far it has come. */
export interface Checkpoints {
  read(): Promise<string | undefined>;
  /** Resolves when the position would be found again by `read` after the death of this process. */
  write(position: string): Promise<void>;
}

/** In a file, replaced as a whole: a death at any moment leaves the old position or the new one. */
export function fileCheckpoints(path: string): Checkpoints {
  return {
    async read() {
      const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return '';
        throw error;
      });
      return text.trim() === '' ? undefined : text.trim();
    },
    async write(position) {
      const file = await open(`${path}.new`, 'w');
      try {
        await file.writeFile(`${position}\n`);
        await file.datasync();
      } finally {
        await file.close();
      }
      await rename(`${path}.new`, path);
    },
  };
}

/** In the memory of this process: for who replays everything at each start, and for tests. */
export function memoryCheckpoints(position?: string): Checkpoints {
  let kept = position;
  return {
    read: () => Promise.resolve(kept),
    write: (next) => {
      kept = next;
      return Promise.resolve();
    },
  };
}
