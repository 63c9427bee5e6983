import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findQemuImg } from '#libs/embedded';
import { startInspection, type Verdict } from '#libs/inspection';

/** Images that QEMU itself made. */
const found = await findQemuImg();
const qemuImg = 'command' in found ? found.command : '';

function run(...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(qemuImg, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`qemu-img ${args.join(' ')}: ${stderr}`);
  return stdout;
}

function inspect(file: string): Verdict {
  const inspection = startInspection();
  const bytes = readFileSync(file);
  for (let at = 0; at < bytes.byteLength; at += 65536) inspection.feed(bytes.subarray(at, at + 65536));
  return inspection.finish();
}

const size = 20 * 1024 * 1024;
/** What our verdict calls it, QEMU's format, and its options. Those that encrypt measure the processor, and fail on a busy machine. */
const good: [format: string, qemuFormat: string, options: string][] = [
  ['raw', 'raw', ''],
  ['qcow2', 'qcow2', 'compat=0.10'], ['qcow2', 'qcow2', 'compat=1.1'], ['qcow2', 'qcow2', 'cluster_size=512'], ['qcow2', 'qcow2', 'cluster_size=2M,lazy_refcounts=on'],
  ['qcow2', 'qcow2', 'extended_l2=on'], ['qcow2', 'qcow2', 'compression_type=zstd'], ['qcow2', 'qcow2', 'preallocation=metadata'],
  ['vmdk', 'vmdk', 'subformat=monolithicSparse'], ['vmdk', 'vmdk', 'subformat=streamOptimized'],
  ['vhd', 'vpc', 'subformat=dynamic,force_size=on'], ['vhd', 'vpc', 'subformat=fixed,force_size=on'],
  ['vhdx', 'vhdx', 'subformat=dynamic'], ['vhdx', 'vhdx', 'subformat=fixed'], ['vdi', 'vdi', ''], ['vdi', 'vdi', 'static=on'],
  ['ploop', 'parallels', ''],
];

if ('command' in found) {
  describe('Inspection of images that QEMU made', () => {
    let dir: string;
    beforeEach(() => { dir = mkdtempSync(join(tmpdir(), 'heliograph-qemu-')); });
    afterEach(() => { rmSync(dir, { recursive: true, force: true }); });
    const create = (format: string, options: string): string => {
      const file = join(dir, 'image');
      run('create', '-q', '-f', format, ...(options === '' ? [] : ['-o', options]), file, String(size));
      return file;
    };

    it.each(good)('recognises %s made as %s with options %s, its virtual size and nothing wrong', (format, qemuFormat, options) => {
      expect(inspect(create(qemuFormat, options))).toMatchObject({ format, virtualSizeBytes: size, findings: [] });
    });

    it.each(['vmdk', 'qcow2', 'vhdx', 'vdi'])('recognises %s with data in it', (format) => {
      const raw = create('raw', '');
      const file = join(dir, 'converted');
      run('convert', '-f', 'raw', '-O', format, raw, file);
      expect(inspect(file)).toMatchObject({ format, virtualSizeBytes: size, findings: [] });
    });

    it('refuses what would be read from other files', () => {
      const base = create('qcow2', '');
      const overlays = ['qcow2', 'qcow', 'qed', 'vmdk'].map((format) => {
        const file = join(dir, `overlay.${format}`);
        run('create', '-q', '-f', format, '-F', format === 'vmdk' ? 'vmdk' : 'qcow2', '-b', format === 'vmdk' ? vmdkBase() : base, file);
        return inspect(file).findings.map(({ rule }) => rule);
      });
      expect(overlays).toEqual([['qcow2.backing_file'], ['qcow.banned', 'qcow.backing_file'], ['qed.banned', 'qed.backing_file'], expect.arrayContaining(['vmdk.parent'])]);
      const withData = join(dir, 'with-data');
      run('create', '-q', '-f', 'qcow2', '-o', `data_file=${join(dir, 'data')}`, withData, String(size));
      expect(inspect(withData).findings.map(({ rule }) => rule)).toEqual(['qcow2.data_file']);
    });

    it.each(['monolithicFlat', 'twoGbMaxExtentSparse', 'twoGbMaxExtentFlat'])('refuses a VMDK of createType %s', (subformat) => {
      const { format, findings } = inspect(create('vmdk', `subformat=${subformat}`));
      expect(format).toBe('vmdk');
      expect(findings.map(({ rule }) => rule)).toEqual(expect.arrayContaining(['vmdk.create_type', 'vmdk.extent']));
    });

    function vmdkBase(): string {
      const file = join(dir, 'base.vmdk');
      run('create', '-q', '-f', 'vmdk', file, String(size));
      return file;
    }
  });
} else {
  describe('Inspection of images that QEMU made', () => {
    it.skip(`is not tried: ${found.reason}`, () => undefined);
  });
}
