import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AttemptFate } from '#libs/contracts';
import { aPluginContext, aPrepared, bytesOf } from '../../test/plugin-context.js';
import { openWorkRoom } from './work-room.js';

describe('The work directory', () => {
  let dir: string;
  beforeEach(async () => { dir = await mkdtemp(join(tmpdir(), 'heliograph-work-')); });
  afterEach(() => rm(dir, { recursive: true, force: true }));
  const files = async (): Promise<string[]> => (await readdir(dir, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile()).map(({ name }) => name);

  it('takes bytes into a file, gives them back, and has nothing left when it is closed', async () => {
    const room = openWorkRoom(dir).open({ imageId: randomUUID(), attemptId: randomUUID() });
    const file = await room.spool(aPrepared(Buffer.from('twelve bytes')), aPluginContext());
    expect([file.sizeBytes, (await bytesOf(await room.read(file.key))).toString()]).toEqual([12, 'twelve bytes']);
    await room.close();
    expect(await files()).toEqual([]);
  });

  it('shows what lies in a file already, and takes no second one', async () => {
    const room = openWorkRoom(dir).open({ imageId: randomUUID(), attemptId: randomUUID() });
    const file = await room.spool(aPrepared(Buffer.from('twelve bytes')), aPluginContext());
    const shown: Uint8Array[] = [];
    expect(await room.spool(aPrepared(Buffer.from('other'), { file }), aPluginContext(), (bytes) => { shown.push(Uint8Array.from(bytes)); })).toBe(file);
    expect([Buffer.concat(shown).toString(), (await files()).length]).toEqual(['twelve bytes', 1]);
  });

  it.each([['size', { declaredSizeBytes: 11 }, 'SizeMismatch'], ['hash', { expectedHash: { algo: 'md5', value: '00' } }, 'HashMismatch']] as const)('refuses bytes of another %s than was said', async (_, known, code) => {
    const room = openWorkRoom(dir).open({ imageId: randomUUID(), attemptId: randomUUID() });
    await expect(room.spool(aPrepared(Buffer.from('twelve bytes'), known), aPluginContext())).rejects.toMatchObject({ code });
    expect(await files()).toEqual([]);
  });

  it('loses, in a sweep, what belongs to attempts that are over, and keeps what somebody works on or nobody can tell', async () => {
    const work = openWorkRoom(dir);
    const states: AttemptFate['state'][] = ['open', 'over', 'gone', 'stored', 'unknown', 'unreadable'];
    const keys = new Map<string, AttemptFate['state']>();
    for (const state of states) {
      const attemptId = randomUUID();
      keys.set(attemptId, state);
      await work.open({ imageId: randomUUID(), attemptId }).spool(aPrepared(Buffer.from(state)), aPluginContext());
    }
    const removed = await work.sweep(async ({ attempts }) => ({ attempts: attempts.map(({ attemptId }) => ({ state: keys.get(attemptId) ?? 'gone' }) as AttemptFate) }));
    expect([removed, (await files()).length]).toEqual([4, 2]);
  });
});
