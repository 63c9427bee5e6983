import { randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { startApi, type Api, type Person } from './harness.js';
import { eventually, importsAt } from './imports.js';

const staging = 'os_glance_staging_store';
let api: Api;
let demo: Person;
let imports: ReturnType<typeof importsAt>;
beforeAll(async () => {
  api = await startApi({ 'heliograph.staging_expiry': '3', 'heliograph.staging_sweep_interval': '1', 'heliograph.removal_interval': '1' });
  demo = api.as('demo');
  imports = importsAt(api);
});
afterAll(() => api.stop());

const shown = async (id: string) => (await demo.get(`/v2/images/${id}`)).json<Record<string, unknown>>();

async function aStagedImage(): Promise<string> {
  const id = await demo.image({ disk_format: 'raw', container_format: 'bare' });
  expect((await demo.put(`/v2/images/${id}/stage`, { body: 'twelve bytes', headers: { 'content-type': 'application/octet-stream' } })).status).toBe(204);
  return id;
}

async function lay(...path: string[]): Promise<string> {
  const file = join(api.stagingDir, ...path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, 'left behind');
  return file;
}

describe('Staged data that nobody imports', () => {
  it('is given up and removed once it expires, and its image can be staged again', async () => {
    const id = await aStagedImage();
    expect((await shown(id))['status']).toBe('uploading');
    await eventually(() => shown(id), ({ status }) => status === 'queued');
    expect(await eventually(() => imports.stagedFilesOf(id), (files) => files.length === 0)).toEqual([]);
    expect((await demo.put(`/v2/images/${id}/stage`, { body: 'again', headers: { 'content-type': 'application/octet-stream' } })).status).toBe(204);
  });

  it('is kept after a failed import for as long as any', async () => {
    const id = await aStagedImage();
    const wrong = { name: 'glance-direct', validation_data: { os_hash_algo: 'md5', os_hash_value: '0'.repeat(32) } };
    await demo.post(`/v2/images/${id}/import`, { body: { method: wrong } });
    expect(await imports.ended(id)).toMatchObject({ status: 'failure' });
    expect(await imports.stagedFilesOf(id)).toHaveLength(1);
    expect(await eventually(() => imports.stagedFilesOf(id), (files) => files.length === 0)).toEqual([]);
    expect((await shown(id))['status']).toBe('queued');
  });
});

describe('Bytes in the staging area that nothing refers to', () => {
  it('are removed where the log knows the image, and left alone where it does not', async () => {
    const id = await demo.image();
    const ours = await Promise.all([lay(id, randomUUID(), staging), lay('.incoming', `${id}.${randomUUID()}.${staging}`)]);
    const others = await Promise.all([lay(randomUUID(), randomUUID(), staging), lay(id, 'notes.txt'), lay('README')]);
    expect(await eventually(() => imports.stagedFilesOf(id), (files) => ours.every((file) => !files.includes(file)))).toEqual([others[1]]);
    expect(await imports.stagedFilesOf('')).toEqual(expect.arrayContaining(others));
  });
});
