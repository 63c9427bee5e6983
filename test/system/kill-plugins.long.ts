import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { findQemuImg } from '#libs/embedded';
import type { CrashPoint } from '#libs/event-log';
import { startWebServer, type WebServer } from '../api/web-server.js';
import { eventually } from './catalog-system.js';
import { signIn, type Client } from './client.js';
import { afterImport, requestImport, stage, verdictOnImport, type Expected } from './imports.js';
import { historyOf, imageNow, someBytes } from './operations.js';
import { expectKillsOnly, runMonkey, type Kills } from './monkey.js';
import { seeded, seedOfThisRun, type Random } from './random.js';
import { quickEnds, startRegion, type Region } from './region.js';

const found = await findQemuImg();
const command = 'command' in found ? found.command : '';
const tried = 'command' in found ? describe : describe.skip;

/** Slower than any disk of a test, so that somebody can be killed or cancelled meanwhile; the marker tells that it converts. */
const slowly = (marker: string): string => `#!/bin/sh\ncase "$1" in convert) if [ ! -e ${marker} ]; then touch ${marker}; sleep 30; fi ;; esac\nexec ${command} "$@"\n`;

tried('An importer that dies while it converts', () => {
  let dir: string;
  let web: WebServer;
  let region: Region;
  let client: Client;
  let disk: { raw: Buffer; qcow2: Buffer };
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'heliograph-kill-plugins-'));
    web = await startWebServer();
    const [raw, qcow2] = [join(dir, 'disk'), join(dir, 'disk.qcow2')];
    await writeFile(raw, someBytes());
    await truncate(raw, 3 * 1024 ** 2);
    spawnSync(command, ['convert', '-f', 'raw', '-O', 'qcow2', raw, qcow2]);
    disk = { raw: await readFile(raw), qcow2: await readFile(qcow2) };
    await writeFile(join(dir, 'qemu-img'), slowly(join(dir, 'converting')), { mode: 0o755 });
    await writeFile(join(dir, 'converting'), '');
    region = await startRegion({
      settings: {
        ...quickEnds, 'default.enabled_backends': 'fast:file, far:file', 'import_filtering_opts.allowed_hosts': '127.0.0.1', 'import_filtering_opts.allowed_ports': String(web.port),
        'heliograph.import_handover_seconds': 2, 'image_import_opts.image_import_plugins': 'image_decompression, image_conversion', 'heliograph.qemu_img': join(dir, 'qemu-img'),
      }, importers: 1, stagings: 1,
    });
    client = await signIn(region, 'admin');
  });
  afterAll(async () => {
    await region?.stop();
    await web?.close();
    await rm(dir, { recursive: true, force: true });
  });

  const workFiles = async (): Promise<string[]> =>
    (await readdir(join(region.stack.dir, 'work'), { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile()).map(({ name }) => name);
  async function aQcow2(name: string): Promise<string> {
    const answer = await client.askUntilAnswered('POST', '/v2/images', { body: { name, disk_format: 'qcow2', container_format: 'bare' } });
    return answer.json().id;
  }

  it.each<[CrashPoint, number, 'web-download' | 'glance-direct']>([
    ['after-start', 1, 'web-download'], ['after-spool', 1, 'web-download'], ['after-conversion', 1, 'glance-direct'], ['after-store-commit', 1, 'glance-direct'], ['before-complete', 2, 'web-download'],
  ])('at %s (%i) of %s: another one goes on, the image is what was converted, and nothing is left of the first', async (point, nth, method) => {
    const imageId = await aQcow2('to be converted');
    web.serve('/image', disk.qcow2);
    if (method === 'glance-direct') await stage(client, imageId, disk.qcow2);
    await region.arm('importer', point, nth);
    const requested = requestImport(client, imageId, { method: method === 'glance-direct' ? { name: method } : { name: method, uri: `${web.url}/image` }, all_stores: true });
    expect((await region.ending('importer')).signal).toBe('SIGKILL');
    await region.restart('importer');
    await requested;
    expect(await verdictOnImport(region, client, { imageId, bytes: disk.raw, stores: ['fast', 'far'], imports: 1 })).toEqual([]);
    expect(await imageNow(client, imageId)).toMatchObject({ disk_format: 'raw', virtual_size: disk.raw.length });
    await region.stopService('importer');
    await region.restart('importer');
    await eventually('nothing is left in the work directory', async () => (await workFiles()).length === 0);
  });

  it('ends a conversion at once when its import is cancelled', async () => {
    await rm(join(dir, 'converting'));
    const imageId = await aQcow2('cancelled');
    web.serve('/image', disk.qcow2);
    await requestImport(client, imageId, { method: { name: 'web-download', uri: `${web.url}/image` } });
    await eventually('it converts', async () => (await readdir(dir)).includes('converting'));
    await eventually('it is told so', async () => (await client.askUntilAnswered('GET', `/v2/images/${imageId}/progress`)).bytes.toString('utf8').includes('"converting"'));
    expect((await client.askUntilAnswered('DELETE', `/v2/images/${imageId}/import`)).status).toBeLessThan(300);
    await eventually('nothing is left in the work directory', async () => (await workFiles()).length === 0);
    expect(await imageNow(client, imageId)).toMatchObject({ status: 'queued', disk_format: 'qcow2' });
    expect((await historyOf(client, imageId)).some(({ action }) => action === 'CompleteStoreImport')).toBe(false);
  });
});

const seed = seedOfThisRun();
const seconds = Number(process.env['HELIOGRAPH_KILL_SECONDS'] ?? 20);

tried(`Imports with plugins whose services are killed at random (HELIOGRAPH_SEED=${seed})`, () => {
  let dir: string;
  let web: WebServer;
  let region: Region;
  let client: Client;
  let kills: Kills;
  const expected: Expected[] = [];

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'heliograph-kill-plugins-'));
    web = await startWebServer();
    await writeFile(join(dir, 'judge'), '#!/bin/sh\nsleep 0.3\ncat > /dev/null\necho sound\n', { mode: 0o755 });
    region = await startRegion({
      settings: {
        ...quickEnds, 'heliograph.lease_seconds': 4, 'default.enabled_backends': 'fast:file, far:file', 'import_filtering_opts.allowed_hosts': '127.0.0.1', 'import_filtering_opts.allowed_ports': String(web.port),
        'heliograph.import_handover_seconds': 2, 'image_import_opts.image_import_plugins': 'image_decompression, image_conversion, external_verification', 'heliograph.qemu_img': command,
        'external_verification.command': join(dir, 'judge'), 'external_verification.name': 'judge',
      }, importers: 2, stagings: 1,
    });
    client = await signIn(region, 'admin');
    const random = seeded(seed);
    const over = new AbortController();
    const monkey = runMonkey(region, random.branch('monkey'), AbortSignal.timeout(seconds * 1000), ['nats', 'catalog', 'staging', 'importer', 'importer-2'], () => expected.length > 5).finally(() => { over.abort(); });
    const workers = Array.from({ length: 3 }, (_, index) => importAgainAndAgain(random.branch(`worker ${index}`), over.signal));
    [kills] = await Promise.all([monkey, ...workers]);
    process.stderr.write(`HELIOGRAPH_SEED=${seed}: killed ${JSON.stringify(kills.of)}; ${expected.length} images with plugins\n`);
  }, (seconds + 240) * 1000);
  afterAll(async () => {
    await region?.stop();
    await web?.close();
    await rm(dir, { recursive: true, force: true });
  });

  /** A disk of some MiB with a little on it, as qcow2, and now and then compressed. */
  async function aDisk(random: Random, name: string): Promise<{ raw: Buffer; sent: Buffer }> {
    const [file, qcow2] = [join(dir, name), join(dir, `${name}.qcow2`)];
    await writeFile(file, random.bytes(200_000 + random.below(500_000)));
    await truncate(file, (2 + random.below(6)) * 1024 ** 2);
    spawnSync(command, ['convert', '-f', 'raw', '-O', 'qcow2', file, qcow2]);
    const [raw, bytes] = await Promise.all([readFile(file), readFile(qcow2)]);
    return { raw, sent: random.chance(0.5) ? gzipSync(bytes) : bytes };
  }

  async function importAgainAndAgain(random: Random, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const { id: imageId } = (await client.askUntilAnswered('POST', '/v2/images', { body: { name: 'with plugins', disk_format: 'qcow2', container_format: 'bare' } })).json();
      const { raw, sent } = await aDisk(random, imageId);
      const toBoth = random.chance(0.5);
      if (random.chance(0.5)) {
        await stage(client, imageId, sent, 120_000);
        await requestImport(client, imageId, { method: { name: 'glance-direct' }, all_stores: toBoth });
      } else {
        web.serve(`/${imageId}`, sent);
        await requestImport(client, imageId, { method: { name: 'web-download', uri: `${web.url}/${imageId}` }, all_stores: toBoth });
      }
      expected.push({ imageId, bytes: raw, stores: toBoth ? ['fast', 'far'] : ['fast'], imports: 1 });
      await afterImport(client, imageId, 120_000).catch(() => undefined);
      await pause(random.below(200));
    }
  }

  it('have had enough done to them to mean something', () => {
    expectKillsOnly(kills);
    expect(expected.length).toBeGreaterThan(5);
  });

  it('all come to their good end, converted and verified, and nothing of the dead is left', async () => {
    const wrong: string[] = [];
    for (const each of expected) wrong.push(...await verdictOnImport(region, client, each));
    expect(wrong).toEqual([]);
    for (const { imageId, bytes } of expected) expect(await imageNow(client, imageId)).toMatchObject({ disk_format: 'raw', virtual_size: bytes.length });
    for (const name of ['importer', 'importer-2'] as const) {
      await region.stopService(name);
      await region.restart(name);
    }
    const workFiles = async (): Promise<number> => (await readdir(join(region.stack.dir, 'work'), { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile()).length;
    await eventually('nothing is left in the work directory', async () => await workFiles() === 0);
  }, 240_000);
});
