import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findQemuImg } from '#libs/embedded';
import { aPluginContext, aPrepared, bytesOf, type Told } from '../../test/plugin-context.js';
import { imageConversion, type ConversionOptions } from './conversion.js';
import { requireQemuImg } from './qemu-img.js';

const found = await findQemuImg();
const megabytes = 1024 ** 2;
const formats = { vmdkAllowedTypes: ['streamOptimized', 'monolithicSparse'], requireFormatMatch: true, gptSafetyChecksNonfatal: [] };

if ('reason' in found) {
  describe('The plugin image_conversion', () => {
    it.skip(`is not tried: ${found.reason}`, () => undefined);
  });
} else {
  describe('The plugin image_conversion', () => {
    const { command } = found;
    let dir: string;
    beforeEach(async () => { dir = await mkdtemp(join(tmpdir(), 'heliograph-conversion-')); });
    afterEach(() => rm(dir, { recursive: true, force: true }));

    const qemu = (...args: string[]): void => {
      const { status, stderr } = spawnSync(command, args, { encoding: 'utf8' });
      if (status !== 0) throw new Error(stderr);
    };
    /** A disk of 8 MiB with a little on it, as raw bytes and in a format of QEMU's. */
    async function aDisk(qemuFormat: string, ...options: string[]): Promise<{ raw: Buffer; bytes: Buffer }> {
      const [raw, file] = [join(dir, 'disk'), join(dir, 'image')];
      const content = randomBytes(200_000);
      await writeFile(raw, content);
      await truncate(raw, 8 * megabytes);
      qemu('convert', '-f', 'raw', '-O', qemuFormat, ...options, raw, file);
      return { raw: await readFile(raw), bytes: await readFile(file) };
    }
    const workDir = (): string => join(dir, 'work');
    const filesLeft = async (): Promise<string[]> => (await readdir(workDir(), { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile()).map(({ name }) => name);
    const convert = async (bytes: Buffer, diskFormat: string, outputFormat: ConversionOptions['outputFormat'], { limitBytes = 2 ** 30, containerFormat = 'bare', seconds = 60, memoryBytes = 2 ** 30, signal = new AbortController().signal, told = undefined as Told | undefined } = {}) => {
      const context = aPluginContext({ workDir: workDir(), limitBytes, signal, ...(told ? { told } : {}) });
      try {
        const prepared = await imageConversion({ outputFormat, formats, qemu: { command, seconds, memoryBytes } })(aPrepared(bytes, { claim: { diskFormat, containerFormat } }), context);
        return { ...prepared, made: await bytesOf(prepared.bytes) };
      } finally {
        await context.room.close();
      }
    };

    it.each([['qcow2', 'qcow2'], ['vmdk', 'vmdk'], ['vhd', 'vpc', '-o', 'force_size=on'], ['vhdx', 'vhdx'], ['vdi', 'vdi']] as const)('makes a raw disk of %s', async (diskFormat, qemuFormat, ...options) => {
      const { raw, bytes } = await aDisk(qemuFormat, ...options);
      const told: Told = { steps: [], inspections: [], verifications: [] };
      const { made, claim, done, onlyFormats } = await convert(bytes, diskFormat, 'raw', { told });
      expect(made.subarray(0, raw.length).equals(raw)).toBe(true);
      expect({ claim, onlyFormats, steps: told.steps }).toEqual({ claim: { diskFormat: 'raw', containerFormat: 'bare' }, onlyFormats: ['raw', 'gpt', 'mbr'], steps: ['converting', 'receiving'] });
      expect(done).toMatchObject([{ step: 'converted', fromDiskFormat: diskFormat, toDiskFormat: 'raw', fromSizeBytes: bytes.length }]);
      expect(await filesLeft()).toEqual([]);
    });

    it.each(['qcow2', 'vmdk'] as const)('makes %s of a raw disk, which is the same disk', async (outputFormat) => {
      const { raw } = await aDisk('raw');
      const { made } = await convert(raw, 'raw', outputFormat);
      await writeFile(join(dir, 'made'), made);
      qemu('convert', '-f', outputFormat, '-O', 'raw', join(dir, 'made'), join(dir, 'back'));
      expect((await readFile(join(dir, 'back'))).equals(raw)).toBe(true);
    });

    it.each([['raw', 'bare', 'raw'], ['iso', 'bare', 'raw'], ['ami', 'bare', 'raw'], ['vmdk', 'ova', 'raw']] as const)('leaves %s in %s alone where %s is wanted', async (diskFormat, containerFormat, outputFormat) => {
      const bytes = randomBytes(1000);
      const { made, done } = await convert(bytes, diskFormat, outputFormat, { containerFormat });
      expect([made.equals(bytes), done]).toEqual([true, []]);
    });

    it('refuses what leads to other files, before QEMU sees it, and writes down what it is', async () => {
      const base = join(dir, 'base');
      qemu('create', '-q', '-f', 'qcow2', base, '1M');
      qemu('create', '-q', '-f', 'qcow2', '-F', 'qcow2', '-b', base, join(dir, 'overlay'));
      const told: Told = { steps: [], inspections: [], verifications: [] };
      await expect(convert(await readFile(join(dir, 'overlay')), 'qcow2', 'raw', { told })).rejects.toMatchObject({ code: 'DataUnsafe', params: { rule: 'qcow2.backing_file' } });
      expect(told).toMatchObject({ steps: [], inspections: [{ format: 'qcow2', findings: [{ rule: 'qcow2.backing_file' }] }] });
      expect(await filesLeft()).toEqual([]);
    });

    it.each([['qcow2', 'vmdk'], ['raw', 'qcow2']])('refuses data that claims to be %s and is not', async (diskFormat, other) => {
      const { bytes } = await aDisk(other);
      await expect(convert(bytes, diskFormat, diskFormat === 'raw' ? 'qcow2' : 'raw')).rejects.toMatchObject({ code: 'DataFormatMismatch' });
    });

    it('refuses a disk that is larger than an image may be, before it is written', async () => {
      const { bytes } = await aDisk('qcow2');
      await expect(convert(bytes, 'qcow2', 'raw', { limitBytes: 4 * megabytes })).rejects.toMatchObject({ code: 'ImageTooLarge' });
    });

    it('says what qemu-img said of an image whose tables are broken', async () => {
      const { bytes } = await aDisk('qcow2');
      bytes.writeBigUInt64BE(0x7fffffff0001n, 40);
      await expect(convert(bytes, 'qcow2', 'raw')).rejects.toMatchObject({ code: 'DataNotConverted', params: { format: 'raw' } });
      expect(await filesLeft()).toEqual([]);
    });

    it('ends with its import, and leaves nothing', async () => {
      const { bytes } = await aDisk('qcow2');
      const stop = new AbortController();
      const told: Told = { steps: { push: () => { stop.abort(new Error('cancelled')); return 0; } } as unknown as string[], inspections: [], verifications: [] };
      await expect(convert(bytes, 'qcow2', 'raw', { signal: stop.signal, told })).rejects.toThrow('cancelled');
      expect(await filesLeft()).toEqual([]);
    });

    it('needs no more memory for a disk of 10 GiB than it is given, and neither does this process', async () => {
      const file = join(dir, 'large');
      const content = join(dir, 'content');
      await writeFile(content, randomBytes(4 * megabytes));
      await truncate(content, 10 * 1024 * megabytes);
      qemu('convert', '-f', 'raw', '-O', 'qcow2', content, file);
      const bytes = await readFile(file);
      const context = aPluginContext({ workDir: workDir(), limitBytes: 2 ** 40 });
      const before = process.memoryUsage().rss;
      const prepared = await imageConversion({ outputFormat: 'raw', formats, qemu: { command, seconds: 100, memoryBytes: 512 * megabytes } })(aPrepared(bytes, { claim: { diskFormat: 'qcow2', containerFormat: 'bare' } }), context);
      let madeBytes = 0;
      for await (const chunk of prepared.bytes) madeBytes += (chunk as Uint8Array).byteLength;
      expect(madeBytes).toBe(10 * 1024 * megabytes);
      expect(process.memoryUsage().rss - before).toBeLessThan(256 * megabytes);
      await context.room.close();
      expect(await filesLeft()).toEqual([]);
    });

    it('is bounded in memory', async () => {
      const { bytes } = await aDisk('qcow2');
      await expect(convert(bytes, 'qcow2', 'raw', { memoryBytes: 8 * megabytes })).rejects.toMatchObject({ code: 'DataNotConverted' });
    });
  });
}

describe('A service that is to convert, and has no qemu-img', () => {
  it('does not start, and says what to install', async () => {
    await expect(requireQemuImg({ command: '/nonexistent/qemu-img' })).rejects.toThrow(/names image_conversion, which needs the program qemu-img.*Install it/s);
  });
});
