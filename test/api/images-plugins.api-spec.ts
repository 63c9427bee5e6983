import { spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { chmod, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { findQemuImg } from '#libs/embedded';
import { startApi, type Api, type Person } from './harness.js';
import { importsAt } from './imports.js';
import { startWebServer, type WebServer } from './web-server.js';

const found = await findQemuImg();
const command = 'command' in found ? found.command : '';
const tried = 'command' in found ? describe : describe.skip;

const sha512 = (bytes: Buffer): string => createHash('sha512').update(bytes).digest('hex');
let dir: string;
let web: WebServer;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'heliograph-plugins-'));
  web = await startWebServer();
});
afterAll(async () => {
  await web.close();
  await rm(dir, { recursive: true, force: true });
});

const allowed = () => ({ 'import_filtering_opts.allowed_hosts': '127.0.0.1', 'import_filtering_opts.allowed_ports': String(web.port), 'heliograph.removal_interval': '1' });

/** A disk of 4 MiB, raw and as qcow2. */
async function aDisk(): Promise<{ raw: Buffer; qcow2: Buffer }> {
  const [raw, qcow2] = [join(dir, 'disk'), join(dir, 'disk.qcow2')];
  await writeFile(raw, randomBytes(100_000));
  await truncate(raw, 4 * 1024 ** 2);
  const { status, stderr } = spawnSync(command, ['convert', '-f', 'raw', '-O', 'qcow2', raw, qcow2], { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return { raw: await readFile(raw), qcow2: await readFile(qcow2) };
}

function withPerson(api: () => Api) {
  const demo = (): Person => api().as('demo');
  const shown = async (id: string) => (await demo().get(`/v2/images/${id}`)).json();
  const history = async (id: string) => (await demo().get(`/v2/images/${id}/history`)).text;
  const ended = (id: string) => importsAt(api()).ended(id);
  async function imported(bytes: Buffer, { diskFormat = 'qcow2', stores = {} }: { diskFormat?: string; stores?: object } = {}): Promise<string> {
    web.serve('/image', bytes);
    const id = await demo().image({ disk_format: diskFormat, container_format: 'bare' });
    expect((await demo().post(`/v2/images/${id}/import`, { body: { method: { name: 'web-download', uri: `${web.url}/image` }, ...stores } })).status).toBe(202);
    return id;
  }
  return { demo, shown, history, ended, imported };
}

tried('Import an image where the operator decompresses and converts: image_import_plugins', () => {
  let api: Api;
  beforeAll(async () => {
    api = await startApi({ ...allowed(), 'image_import_opts.image_import_plugins': '[image_decompression, image_conversion, inject_image_metadata]', 'heliograph.qemu_img': command, 'inject_metadata_properties.inject': 'imported_by:heliograph' });
  });
  afterAll(() => api.stop());
  const { demo, shown, history, ended, imported } = withPerson(() => api);

  it('makes a raw image of compressed qcow2, in every store, with the size and hashes of what came of it', async () => {
    const { raw, qcow2 } = await aDisk();
    const packed = gzipSync(qcow2);
    const id = await imported(packed, { stores: { all_stores: true } });
    expect(await ended(id)).toMatchObject({ status: 'success' });
    expect(await shown(id)).toMatchObject({
      status: 'active', disk_format: 'raw', container_format: 'bare', size: raw.length, virtual_size: raw.length, os_hash_value: sha512(raw), stores: 'fast,far', imported_by: 'heliograph',
    });
    const events = await history(id);
    expect(events).toContain('ImageDataDecompressed');
    expect(events).toContain('ImageDataConverted');
  });

  it('does the same to what was staged, whose own hashes are not those of the image', async () => {
    const { raw, qcow2 } = await aDisk();
    const id = await demo().image({ disk_format: 'qcow2', container_format: 'bare' });
    expect((await demo().put(`/v2/images/${id}/stage`, { body: qcow2, headers: { 'content-type': 'application/octet-stream' } })).status).toBe(204);
    expect((await demo().post(`/v2/images/${id}/import`, { body: { method: { name: 'glance-direct' } } })).status).toBe(202);
    expect(await ended(id)).toMatchObject({ status: 'success' });
    expect(await shown(id)).toMatchObject({ status: 'active', disk_format: 'raw', os_hash_value: sha512(raw) });
    expect(await importsAt(api).filesOf(id)).toHaveLength(1);
  });

  it('does nothing to what is raw, nor to what is copied or uploaded', async () => {
    const { raw, qcow2 } = await aDisk();
    const id = await imported(raw, { diskFormat: 'raw' });
    expect(await ended(id)).toMatchObject({ status: 'success' });
    expect(await history(id)).not.toContain('ImageDataConverted');
    const uploaded = await demo().image({ disk_format: 'qcow2', container_format: 'bare' });
    expect((await demo().upload(uploaded, qcow2)).status).toBe(204);
    expect((await api.as('admin').post(`/v2/images/${uploaded}/import`, { body: { method: { name: 'copy-image' }, stores: ['far'] } })).status).toBe(202);
    expect(await ended(uploaded)).toMatchObject({ status: 'success' });
    expect(await shown(uploaded)).toMatchObject({ disk_format: 'qcow2', os_hash_value: sha512(qcow2), stores: 'fast,far' });
  });

  it('tells the owner why data was not decompressed, and the image is queued with what it was', async () => {
    const { qcow2 } = await aDisk();
    const id = await imported(gzipSync(qcow2).subarray(0, 20_000));
    expect(await ended(id)).toMatchObject({ status: 'failure', message: expect.stringContaining('could not be decompressed: it is damaged') as string });
    expect(await shown(id)).toMatchObject({ status: 'queued', disk_format: 'qcow2' });
    expect(await importsAt(api).filesOf(id)).toEqual([]);
  });

  it('refuses, as unsafe, what would be read from other files', async () => {
    const [base, overlay] = [join(dir, 'base'), join(dir, 'overlay')];
    spawnSync(command, ['create', '-f', 'qcow2', base, '1M']);
    spawnSync(command, ['create', '-f', 'qcow2', '-F', 'qcow2', '-b', base, overlay]);
    const id = await imported(await readFile(overlay));
    expect(await ended(id)).toMatchObject({ status: 'failure', message: expect.stringContaining('qcow2.backing_file') as string });
    expect(await history(id)).toContain('ImageDataInspected');
  });
});

describe('Import an image where a program of the operator verifies: external_verification', () => {
  let api: Api;
  beforeAll(async () => {
    const script = join(dir, 'verify');
    await writeFile(script, '#!/bin/sh\ngrep -q EICAR && { echo "EICAR was found in it"; exit 1; }\necho nothing was found in it\n');
    await chmod(script, 0o755);
    api = await startApi({ ...allowed(), 'image_import_opts.image_import_plugins': 'external_verification', 'external_verification.command': script, 'external_verification.name': 'the scanner' });
  });
  afterAll(() => api.stop());
  const { demo, shown, history, ended, imported } = withPerson(() => api);

  it('accepts what the program accepts, and its word stands in the history', async () => {
    const bytes = randomBytes(50_000);
    const id = await imported(bytes, { diskFormat: 'raw' });
    expect(await ended(id)).toMatchObject({ status: 'success' });
    expect(await shown(id)).toMatchObject({ status: 'active', os_hash_value: sha512(bytes) });
    expect(await history(id)).toContain('nothing was found in it');
  });

  it('refuses what the program refuses, in its words, and keeps what was staged', async () => {
    const id = await demo().image({ disk_format: 'raw', container_format: 'bare' });
    expect((await demo().put(`/v2/images/${id}/stage`, { body: Buffer.from('an EICAR test'), headers: { 'content-type': 'application/octet-stream' } })).status).toBe(204);
    expect((await demo().post(`/v2/images/${id}/import`, { body: { method: { name: 'glance-direct' } } })).status).toBe(202);
    expect(await ended(id)).toMatchObject({ status: 'failure', message: expect.stringMatching(/refused by the scanner, .*: EICAR was found in it\./) as string });
    expect(await history(id)).toContain('"ImageDataVerified"');
    expect(await importsAt(api).stagedFilesOf(id)).toHaveLength(1);
    expect((await readdir(api.workDir, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile())).toEqual([]);
  });
});
