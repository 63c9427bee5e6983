import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileStore } from './file.js';
import { describeStore } from './store.suite.js';

describeStore('file', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'heliograph-store-'));
  return {
    store: await fileStore('fast', { dataDir }),
    leftovers: async () => (await readdir(dataDir, { recursive: true })).filter((name) => name !== '.incoming').length,
    end: () => rm(dataDir, { recursive: true }),
  };
});
