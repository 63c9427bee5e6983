import { spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdtemp, open, readdir, readFile, rm, statfs, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { findQemuImg } from '#libs/embedded';
import { signIn, type Client } from './client.js';
import { afterImport, requestImport, stage } from './imports.js';
import { historyOf, imageNow } from './operations.js';
import { startRegion, type Region } from './region.js';

const mib = 1024 ** 2;
const gib = 1024 ** 3;
const diskGiB = Number(process.env['HELIOGRAPH_DISK_GIB'] ?? 2);
const found = await findQemuImg();
const command = 'command' in found ? found.command : '';
const { bavail, bsize } = await statfs(tmpdir());
const hasRoom = bavail * bsize > (diskGiB + 6) * gib;
if (!hasRoom) process.stderr.write(`${tmpdir()} has not the room that a converted disk of ${diskGiB} GiB needs\n`);
const tried = command !== '' && hasRoom ? describe : describe.skip;

/** What a process and those that it started have had of memory, at most, by name: the peak of each, as the kernel knows it. */
async function peaksBelow(pid: number): Promise<[name: string, peakMiB: number][]> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const [, name = ''] = /^Name:\s+(.+)$/m.exec(status) ?? [];
  const [, peakKiB = '0'] = /^VmHWM:\s+(\d+) kB$/m.exec(status) ?? [];
  const threads = await readdir(`/proc/${pid}/task`).catch(() => []);
  const children = (await Promise.all(threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/children`, 'utf8').catch(() => '')))).join(' ').split(' ').filter(Boolean);
  return [[name, Number(peakKiB) / 1024], ...(await Promise.all(children.map((child) => peaksBelow(Number(child))))).flat()];
}

tried(`A disk of ${diskGiB} GiB that is converted on its way in`, () => {
  let dir: string;
  let region: Region;
  let client: Client;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'heliograph-large-'));
    region = await startRegion({
      settings: { 'image_import_opts.image_import_plugins': 'image_conversion', 'image_conversion.output_format': 'raw', 'heliograph.qemu_img': command, 'heliograph.removal_interval': 1 }, importers: 1, stagings: 1,
    });
    client = await signIn(region, 'admin');
  });
  afterAll(async () => {
    await region?.stop();
    await rm(dir, { recursive: true, force: true });
  });

  /** 48 MiB of content, spread over all of it. */
  async function aLargeDisk(): Promise<{ sha512: string; qcow2: Buffer }> {
    const [raw, qcow2] = [join(dir, 'disk'), join(dir, 'disk.qcow2')];
    await writeFile(raw, '');
    await truncate(raw, diskGiB * gib);
    const file = await open(raw, 'r+');
    for (let piece = 0; piece < 3; piece += 1) await file.write(randomBytes(16 * mib), 0, 16 * mib, Math.floor(piece * 0.4 * diskGiB * gib) + 4711);
    await file.close();
    const { status, stderr } = spawnSync(command, ['convert', '-f', 'raw', '-O', 'qcow2', raw, qcow2], { encoding: 'utf8' });
    if (status !== 0) throw new Error(stderr);
    const hash = createHash('sha512');
    await pipeline(createReadStream(raw, { highWaterMark: mib }), hash);
    return { sha512: hash.digest('hex'), qcow2: await readFile(qcow2) };
  }

  it('becomes an active image of just these bytes, and neither the importer nor qemu-img has much of it in memory', async () => {
    const { sha512, qcow2 } = await aLargeDisk();
    const answer = await client.askUntilAnswered('POST', '/v2/images', { body: { name: 'large', disk_format: 'qcow2', container_format: 'bare' } });
    const imageId: string = answer.json().id;
    await stage(client, imageId, qcow2);
    const pid = Number(/"pid":(\d+)/.exec(region.logOf('importer'))?.[1]);
    const before = (await peaksBelow(pid))[0]![1];
    const peaks = new Map<string, number>();
    let isOver = false;
    const looking = (async () => {
      for (; !isOver; await pause(20)) for (const [name, peakMiB] of await peaksBelow(pid)) peaks.set(name, Math.max(peaks.get(name) ?? 0, peakMiB));
    })();
    await requestImport(client, imageId, { method: { name: 'glance-direct' } });
    await afterImport(client, imageId, 1_500_000);
    isOver = true;
    await looking;
    expect(await imageNow(client, imageId)).toMatchObject({ status: 'active', disk_format: 'raw', size: diskGiB * gib, virtual_size: diskGiB * gib, os_hash_value: sha512 });
    expect((await historyOf(client, imageId)).map(({ action }) => action)).toContain('FinishImport');
    const after = (await peaksBelow(pid))[0]![1];
    const converting = peaks.get('qemu-img') ?? 0;
    process.stderr.write(`${diskGiB} GiB converted: the importer's peak was ${before.toFixed(0)} MiB before it and ${after.toFixed(0)} after it, that of qemu-img ${converting.toFixed(0)} MiB\n`);
    expect(after - before).toBeLessThan(256);
    expect(converting).toBeGreaterThan(0);
    expect(converting).toBeLessThan(256);
    expect((await readdir(join(region.stack.dir, 'work'), { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile())).toEqual([]);
  }, 1_800_000);
});
