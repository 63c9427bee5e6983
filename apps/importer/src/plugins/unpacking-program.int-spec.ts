import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { aPluginContext, aPrepared, bytesOf } from '../../test/plugin-context.js';
import { imageDecompression } from './decompression.js';
import { unpackedBy } from './unpacking-program.js';

const isThere = (program: string): boolean => spawnSync(program, ['--version']).error === undefined;
const decompress = async (bytes: Buffer): Promise<{ made: Buffer; done: readonly unknown[] }> => {
  const { bytes: made, done } = await imageDecompression({ mostTimes: 20 })(aPrepared(bytes), aPluginContext());
  return { made: await bytesOf(made), done };
};

describe.each(['xz', 'bzip2'])('The plugin image_decompression, where %s is installed', (program) => {
  const tried = isThere(program) ? it : it.skip;
  const packed = (bytes: Buffer): Buffer => spawnSync(program, ['--compress', '--stdout', '-1'], { input: bytes, maxBuffer: 2 ** 30 }).stdout;

  tried('makes of its format what was compressed', async () => {
    const disk = randomBytes(300_000);
    const bytes = packed(disk);
    const { made, done } = await decompress(bytes);
    expect([made.equals(disk), done]).toEqual([true, [{ step: 'decompressed', compression: program, compressedSizeBytes: bytes.length }]]);
  });

  tried('refuses what ends too early or was changed', async () => {
    const bytes = packed(randomBytes(300_000));
    const changed = Buffer.from(bytes);
    changed.writeUInt8(changed.readUInt8(5000) ^ 1, 5000);
    for (const bad of [bytes.subarray(0, 100_000), changed]) await expect(decompress(bad)).rejects.toMatchObject({ code: 'DataNotDecompressed', message: expect.stringContaining('it is damaged') as string });
  });

  tried('ends a bomb before it has gone off', async () => {
    await expect(decompress(packed(Buffer.alloc(80 * 1024 * 1024)))).rejects.toMatchObject({ code: 'DataNotDecompressed', message: expect.stringContaining('more than 20 times') as string });
  });
});

describe('A program that unpacks', () => {
  async function* source(fails = false): AsyncGenerator<Uint8Array> {
    yield await Promise.resolve(Buffer.from('some bytes'));
    if (fails) throw new Error('the source broke');
  }

  it('is named where it is not there', async () => {
    await expect(bytesOf(unpackedBy('no-such-program', [], source()))).rejects.toThrow('the program no-such-program is not installed here');
  });

  it('lets through what went wrong before it', async () => {
    await expect(bytesOf(unpackedBy('cat', [], source(true)))).rejects.toThrow('the source broke');
  });
});
