import { chmod, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectDir } from '#libs/embedded';
import { aPluginContext, aPrepared, bytesOf, type Told } from '../../test/plugin-context.js';
import { externalVerification } from './verification.js';

describe('The plugin external_verification', () => {
  let dir: string;
  beforeEach(async () => { dir = await mkdtemp(join(tmpdir(), 'heliograph-verification-')); });
  afterEach(() => rm(dir, { recursive: true, force: true }));

  async function executable(name: string, script: string): Promise<string> {
    const file = join(dir, name);
    await writeFile(file, `#!/bin/sh\n${script}\n`);
    await chmod(file, 0o755);
    return file;
  }

  async function verify(script: string, { seconds = 10, stored = false } = {}) {
    const command = await executable('verify', script);
    const told: Told = { steps: [], inspections: [], verifications: [] };
    const context = aPluginContext({ workDir: join(dir, 'work'), told });
    const lies = { stored: { facts: 'as they were' } } as unknown as Parameters<typeof aPrepared>[1];
    try {
      const prepared = await externalVerification({ name: 'our scanner', command, seconds, memoryBytes: 2 ** 31 })(aPrepared(Buffer.from('twelve bytes'), stored ? lies : {}), context);
      return { told, ...prepared, bytes: (await bytesOf(prepared.bytes)).toString() };
    } finally {
      await context.room.close();
    }
  }

  it('accepts with status 0, and the bytes go on as they came', async () => {
    expect(await verify('echo "nothing found"')).toMatchObject({
      bytes: 'twelve bytes', done: [{ step: 'verified', verifier: 'our scanner', isAccepted: true, detail: 'nothing found' }], told: { steps: ['verifying', 'receiving'] },
    });
    expect((await readdir(join(dir, 'work'), { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile())).toEqual([]);
  });

  it.each([['as its standard input', 'test "$(cat)" = "twelve bytes"'], ['in a file', 'test "$(cat "$1")" = "twelve bytes"']])('gives the program the data %s', async (_, script) => {
    expect((await verify(script)).done).toMatchObject([{ isAccepted: true }]);
  });

  it('tells the program of the image', async () => {
    expect((await verify('echo "$HELIOGRAPH_DISK_FORMAT $HELIOGRAPH_CONTAINER_FORMAT $HELIOGRAPH_SIZE_BYTES ${#HELIOGRAPH_IMAGE_ID}"')).done).toMatchObject([{ detail: 'raw bare 12 36' }]);
  });

  it.each([
    ['what it printed last', 'echo looking; echo "Eicar was found in it"; exit 1', 'Eicar was found in it'], ['its JSON', 'echo \'{"detail": "Eicar"}\'; exit 1', 'Eicar'],
    ['that it says no more', 'exit 1', 'it says no more'], ['that there was no verdict', 'exit 2', 'it ended with status 2, which is no verdict'],
    ['that it did not run', 'exec /nonexistent', 'it ended with status 127, which is no verdict'],
  ])('refuses, and says why: %s', async (_, script, reason) => {
    await expect(verify(script)).rejects.toMatchObject({ code: 'DataNotVerified', params: { verifier: 'our scanner', reason } });
  });

  it('refuses where the program takes too long', async () => {
    await expect(verify('sleep 30', { seconds: 1 })).rejects.toMatchObject({ code: 'DataNotVerified', message: expect.stringContaining('more than 1 seconds') as string });
  });

  it.each<[string, string, object]>([
    ['accepts what clamd finds nothing in', 'cat > /dev/null; echo "stream: OK"', { accepted: true }],
    ['refuses what clamd finds something in', 'cat > /dev/null; echo "stream: Win.Test.EICAR_HDB-1 FOUND"; exit 1', { reason: 'Win.Test.EICAR_HDB-1 was found in it' }],
    ['gives no verdict where clamd is away', 'echo "ERROR: Could not connect to clamd" >&2; exit 2', { reason: 'it ended with status 2, which is no verdict' }],
  ])('has an example that %s', async (_, clamdscan, expected) => {
    await executable('clamdscan', clamdscan);
    const example = join(projectDir(), 'docs/examples/verify-with-clamav.sh');
    const outcome = await verify(`PATH="${dir}:$PATH" exec "${example}" "$@"`).then(() => ({ accepted: true }), (error: { params: object }) => error.params);
    expect(outcome).toMatchObject(expected);
  });

  it('leaves data where it lies that need not move', async () => {
    expect(await verify('true', { stored: true })).toMatchObject({ stored: { facts: 'as they were' } });
  });
});
