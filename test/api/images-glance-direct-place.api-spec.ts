import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rename, rm, stat, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { startApi, type Api, type Person } from './harness.js';
import { eventually, importsAt } from './imports.js';

const bytes = randomBytes(300_000);
const hash = (algo: string): string => createHash(algo).update(bytes).digest('hex');

interface Place { readonly api: Api; readonly demo: Person; readonly imports: ReturnType<typeof importsAt> }

async function aStagedImage({ api, demo, imports }: Place): Promise<{ id: string; file: string }> {
  const id = await demo.image({ disk_format: 'raw', container_format: 'bare' });
  const response = await fetch(`${api.url}/v2/images/${id}/stage`, { method: 'PUT', body: bytes, headers: { 'x-auth-token': 'demo', 'content-type': 'application/octet-stream' } });
  expect(response.status).toBe(204);
  const [file = ''] = await imports.stagedFilesOf(id);
  return { id, file };
}

const importOf = ({ demo }: Place, id: string, method: object = {}) => demo.post(`/v2/images/${id}/import`, { body: { method: { name: 'glance-direct', ...method } } });
const shown = async ({ demo }: Place, id: string) => (await demo.get(`/v2/images/${id}`)).json<Record<string, unknown>>();
const isOurData = { status: 'active', size: bytes.length, checksum: hash('md5'), os_hash_algo: 'sha512', os_hash_value: hash('sha512') };

async function dataOf({ api }: Place, id: string): Promise<Buffer> {
  return Buffer.from(await (await fetch(`${api.url}/v2/images/${id}/file`, { headers: { 'x-auth-token': 'demo' } })).arrayBuffer());
}

async function start(settings: Record<string, string> = {}, importer: Record<string, string> = {}): Promise<Place> {
  const api = await startApi({ 'heliograph.removal_interval': '1', ...settings }, { importer });
  return { api, demo: api.as('demo'), imports: importsAt(api) };
}

describe('glance-direct, where the importer sees the staging area', () => {
  let place: Place;
  beforeAll(async () => { place = await start(); });
  afterAll(() => place.api.stop());

  it('gives the store the staged file itself: no byte is copied or hashed again', async () => {
    const { id, file } = await aStagedImage(place);
    const { ino } = await stat(file);
    expect((await importOf(place, id)).status).toBe(202);
    expect(await place.imports.ended(id)).toMatchObject({ status: 'success' });
    expect(await shown(place, id)).toMatchObject(isOurData);
    const [stored = ''] = await place.imports.filesOf(id);
    expect((await stat(stored)).ino).toBe(ino);
    expect(await eventually(() => place.imports.stagedFilesOf(id), (files) => files.length === 0)).toEqual([]);
    expect((await dataOf(place, id)).equals(bytes)).toBe(true);
  });

  it('holds an announced hash against those that are known, and computes one that is not', async () => {
    for (const algo of ['md5', 'sha512', 'sha256']) {
      const { id } = await aStagedImage(place);
      await importOf(place, id, { validation_data: { os_hash_algo: algo, os_hash_value: hash(algo) } });
      expect(await place.imports.ended(id)).toMatchObject({ status: 'success' });
      const other = await aStagedImage(place);
      await importOf(place, other.id, { validation_data: { os_hash_algo: algo, os_hash_value: '0'.repeat(hash(algo).length) } });
      expect(await place.imports.ended(other.id)).toMatchObject({ status: 'failure' });
      expect(await place.imports.filesOf(other.id)).toEqual([]);
    }
  });

  it('fails where not all of the staged data is there any more, and keeps what there is until it expires', async () => {
    const { id, file } = await aStagedImage(place);
    await truncate(file, 1000);
    await importOf(place, id);
    expect(await place.imports.ended(id)).toMatchObject({ status: 'failure', message: expect.stringContaining('1000') as string });
    expect(await shown(place, id)).toMatchObject({ status: 'queued', os_glance_failed_import: 'fast' });
    expect(await place.imports.stagedFilesOf(id)).toHaveLength(1);
  });
});

describe('glance-direct, where the importer runs elsewhere', () => {
  let place: Place;
  let elsewhere: string;
  beforeAll(async () => {
    elsewhere = await mkdtemp(join(tmpdir(), 'heliograph-elsewhere-'));
    place = await start({}, { 'default.node_staging_uri': pathToFileURL(join(elsewhere, 'staging')).href });
  });
  afterAll(async () => {
    await place.api.stop();
    await rm(elsewhere, { recursive: true, force: true });
  });

  it('fetches what was staged from the staging service', async () => {
    const { id, file } = await aStagedImage(place);
    const { ino } = await stat(file);
    await importOf(place, id);
    expect(await place.imports.ended(id)).toMatchObject({ status: 'success' });
    expect(await shown(place, id)).toMatchObject(isOurData);
    const [stored = ''] = await place.imports.filesOf(id);
    expect((await stat(stored)).ino).not.toBe(ino);
    expect((await dataOf(place, id)).equals(bytes)).toBe(true);
  });

  it('says that staged data is gone where nobody has it', async () => {
    const { id, file } = await aStagedImage(place);
    await rename(file, `${file}.away`);
    await importOf(place, id);
    expect(await place.imports.ended(id)).toMatchObject({ status: 'failure', message: expect.stringContaining('os_glance_staging_store') as string });
    expect((await shown(place, id))['status']).toBe('queued');
    await rename(`${file}.away`, file);
    await importOf(place, id);
    expect(await place.imports.ended(id)).toMatchObject({ status: 'success' });
  });
});

describe('glance-direct, where the staging service is gone and its area is shared', () => {
  it('takes what was staged from the area', async () => {
    const place = await start({}, { 'heliograph.staging_url': 'http://127.0.0.1:1' });
    try {
      const { id } = await aStagedImage(place);
      await importOf(place, id);
      expect(await place.imports.ended(id)).toMatchObject({ status: 'success' });
      expect(await shown(place, id)).toMatchObject(isOurData);
    } finally {
      await place.api.stop();
    }
  });
});
