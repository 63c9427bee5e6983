import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { digestDirectory } from './digest-place.js';
import { describeDigests } from './digests.suite.js';

describeDigests('a directory', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'digests-'));
  return { place: digestDirectory(dir), dir, end: () => rm(dir, { recursive: true }) };
});
