import { spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findQemuImg } from '#libs/embedded';
import { startApi, type Answer, type Api } from './harness.js';
import { eventually, importsAt } from './imports.js';

const found = await findQemuImg();
const command = 'command' in found ? found.command : '';
const tried = 'command' in found ? describe : describe.skip;

interface Action { readonly id: string; readonly status: string; readonly image_ref?: string; readonly [field: string]: unknown }

tried('Convert an image: POST /v2/image-actions with action_type convert', () => {
  let dir: string;
  let api: Api;
  let raw: Buffer;
  let source: string;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'heliograph-conversions-'));
    api = await startApi({ 'heliograph.image_conversions': 'raw, qcow2', 'heliograph.qemu_img': command, 'heliograph.removal_interval': '1' });
    await writeFile(join(dir, 'disk'), randomBytes(100_000));
    await truncate(join(dir, 'disk'), 4 * 1024 ** 2);
    spawnSync(command, ['convert', '-f', 'raw', '-O', 'qcow2', join(dir, 'disk'), join(dir, 'disk.qcow2')]);
    raw = await readFile(join(dir, 'disk'));
    source = await api.as('demo').image({ name: 'a disk', disk_format: 'qcow2', container_format: 'bare', os_distro: 'debian', min_ram: 512, tags: ['t'] });
    await api.as('demo').upload(source, await readFile(join(dir, 'disk.qcow2')));
  });
  afterAll(async () => {
    await api.stop();
    await rm(dir, { recursive: true, force: true });
  });

  const convert = (properties: object, { person = 'demo', id = source }: { person?: 'demo' | 'alt'; id?: unknown } = {}): Promise<Answer> =>
    api.as(person).post('/v2/image-actions', { body: { action_type: 'convert', image_id: id, image_properties: properties } });
  const ended = (id: string): Promise<Action> =>
    eventually(async () => (await api.as('demo').get(`/v2/image-actions/${id}`)).json<Action>(), ({ status }) => status === 'success' || status === 'failure');

  it('makes a new image of an old one, which stays as it is', async () => {
    const created = await convert({ disk_format: 'raw', name: 'the same, raw' });
    expect(created.status).toBe(201);
    expect(created.json()).toMatchObject({ action_type: 'convert', image_id: source, image_properties: { disk_format: 'raw', name: 'the same, raw' } });
    const done = await ended(created.json<Action>().id);
    expect(done).toMatchObject({ status: 'success', image_id: source });
    expect((await api.as('demo').get(done.image_ref ?? '')).json()).toMatchObject({
      status: 'active', name: 'the same, raw', disk_format: 'raw', container_format: 'bare', os_distro: 'debian', min_ram: 512, size: raw.length, os_hash_value: createHash('sha512').update(raw).digest('hex'),
    });
    expect((await api.as('demo').get(`/v2/images/${source}`)).json()).toMatchObject({ status: 'active', disk_format: 'qcow2', name: 'a disk' });
    expect((await api.as('demo').get(`/v2/image-imports/${created.json<Action>().id}`)).status).toBe(404);
    expect((await api.as('demo').get('/v2/image-actions?action_type=convert')).json<{ image_actions: Action[] }>().image_actions.map(({ id }) => id)).toContain(created.json<Action>().id);
  });

  it('leaves no image and no bytes where the data cannot be converted', async () => {
    const bad = await api.as('demo').image({ disk_format: 'vmdk', container_format: 'ova' });
    await api.as('demo').upload(bad, 'no disk at all');
    expect((await convert({ disk_format: 'raw' }, { id: bad })).status).toBe(400);
    const lost = await api.as('demo').activeImage('twelve bytes');
    const files = await importsAt(api).filesOf(lost);
    await Promise.all(files.map((file) => rm(file)));
    const failed = await ended((await convert({ disk_format: 'qcow2', id: 'deadbeef-dead-4ead-8eef-beefbeefbee0' }, { id: lost })).json<Action>().id);
    expect(failed).toMatchObject({ status: 'failure', message: expect.stringContaining(lost) as string });
    expect((await api.as('demo').get('/v2/images/deadbeef-dead-4ead-8eef-beefbeefbee0')).status).toBe(404);
    await eventually(() => importsAt(api).filesOf('deadbeef-dead-4ead-8eef-beefbeefbee0'), (left) => left.length === 0);
  });

  it.each([
    ['no image', { disk_format: 'raw' }, 7, 400], ['a format that is not offered', { disk_format: 'vmdk' }, undefined, 400], ['the format that it has', { disk_format: 'qcow2' }, undefined, 400],
    ['no format', {}, undefined, 400], ['an image that is not there', { disk_format: 'raw' }, '11111111-2222-4333-8444-555555555555', 404],
  ])('refuses %s', async (_, properties, id, status) => {
    expect((await convert(properties, { id: id ?? source })).status).toBe(status);
  });

  it('is for who may download the image', async () => {
    const mine = await api.as('demo').activeImage('twelve bytes', { visibility: 'private' });
    expect((await convert({ disk_format: 'qcow2' }, { person: 'alt', id: mine })).status).toBe(404);
    await api.as('demo').post(`/v2/images/${mine}/actions/deactivate`);
    await api.as('admin').post(`/v2/images/${mine}/actions/deactivate`);
    expect((await convert({ disk_format: 'qcow2' }, { id: mine })).status).toBe(409);
  });
});
