import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startApi, type Api, type Person } from './harness.js';

const dir = mkdtempSync(join(tmpdir(), 'protections-'));
const protections = join(dir, 'property-protections.conf');
const schemaFile = join(dir, 'schema-image.json');
const section = (name: string, create: string, read: string, update: string, remove: string): string =>
  `[${name}]\ncreate = ${create}\nread = ${read}\nupdate = ${update}\ndelete = ${remove}\n`;

let api: Api;
let demo: Person;
let admin: Person;
beforeAll(async () => {
  writeFileSync(protections, [
    section('^billing_code$', 'admin', 'admin,member', 'admin', 'admin'), section('^secret_', 'admin', 'admin', 'admin', 'admin'),
    section('^once_', 'member', 'member', '!', '!'), section('^drop_', 'member', '!', '!', '!'), section('^frozen_', '!', '@', '!', '!'), section('^(open_|tier$)', '@', '@', '@', '@'),
  ].join('\n'));
  writeFileSync(schemaFile, JSON.stringify({ properties: { tier: { type: 'string', enum: ['gold', 'tin'] } }, required: ['tier'] }));
  api = await startApi({ 'default.property_protection_file': protections, 'heliograph.image_schema_file': schemaFile });
  demo = api.as('demo');
  admin = api.as('admin');
});
afterAll(async () => {
  await api.stop();
  rmSync(dir, { recursive: true });
});

const project = 'demo';
const image = (person: Person, properties: object = {}): Promise<string> => person.image({ tier: 'tin', owner: project, ...properties });
const shown = async (person: Person, id: string): Promise<Record<string, unknown>> => (await person.get(`/v2/images/${id}`)).json();
const patch = (person: Person, id: string, ...operations: readonly object[]) => person.patch(`/v2/images/${id}`, { body: operations });
const set = (op: string, name: string, value = 'x'): object => ({ op, path: `/${name}`, value });

describe('Property protections: create', () => {
  it('refuses with 403 a property that the caller may not create', async () => {
    expect((await demo.post('/v2/images', { body: { tier: 'tin', billing_code: 'a' } })).status).toBe(403);
    expect((await admin.post('/v2/images', { body: { tier: 'tin', billing_code: 'a' } })).status).toBe(201);
  });

  it('refuses with 403 what no rule is about, for everybody', async () => {
    expect((await admin.post('/v2/images', { body: { tier: 'tin', unheard_of: 'a' } })).status).toBe(403);
  });
});

describe('Property protections: read', () => {
  it('shows a property to those who may read it, in images, lists and answers to changes', async () => {
    const id = await image(admin, { secret_note: 's', billing_code: 'b' });
    expect(await shown(admin, id)).toMatchObject({ secret_note: 's', billing_code: 'b' });
    const seen = [
      await shown(demo, id), (await patch(demo, id, set('add', 'open_a'))).json(),
      (await demo.get(`/v2/images?id=${id}`)).json<{ images: Record<string, unknown>[] }>().images[0],
    ];
    for (const each of seen) {
      expect(each).toMatchObject({ billing_code: 'b' });
      expect(each).not.toHaveProperty('secret_note');
    }
  });

  it('finds no image by a property that the caller may not read', async () => {
    const id = await image(admin, { secret_note: 'guess' });
    const found = async (person: Person) => (await person.get('/v2/images?secret_note=guess')).json<{ images: { id: string }[] }>().images.map((each) => each.id);
    expect(await found(admin)).toEqual([id]);
    expect(await found(demo)).toEqual([]);
  });

  it('leaves out of the history what the caller may not read', async () => {
    const id = await image(admin, { secret_note: 'was here' });
    await patch(admin, id, set('replace', 'secret_note', 'changed'));
    expect((await admin.get(`/v2/images/${id}/history`)).text).toContain('secret_note');
    const history = await demo.get(`/v2/images/${id}/history`);
    expect([history.status, history.text.includes('secret_note'), history.text.includes('"visibility"')]).toEqual([200, false, true]);
  });
});

describe('Property protections: update and delete', () => {
  it('refuses with 403 a change that the caller may not make, and then nothing is changed', async () => {
    const id = await image(admin, { billing_code: 'b' });
    for (const change of [set('replace', 'billing_code'), set('add', 'billing_code'), { op: 'remove', path: '/billing_code' }, set('add', 'frozen_a')]) {
      expect((await patch(demo, id, set('add', 'open_a'), change)).status).toBe(403);
    }
    expect(await shown(demo, id)).toMatchObject({ billing_code: 'b' });
    expect(await shown(demo, id)).not.toHaveProperty('open_a');
    expect((await patch(admin, id, set('replace', 'billing_code', 'c'))).json()).toMatchObject({ billing_code: 'c' });
  });

  it('treats what the caller may not read as if it were not there', async () => {
    const id = await image(admin, { secret_note: 's' });
    expect((await patch(demo, id, set('replace', 'secret_note'))).status).toBe(409);
    expect((await patch(demo, id, { op: 'remove', path: '/secret_note' })).status).toBe(409);
    expect((await patch(demo, id, set('add', 'secret_note'))).status).toBe(403);
    expect(await shown(admin, id)).toMatchObject({ secret_note: 's' });
  });

  it('lets a property be created once by who may create and not update it', async () => {
    const id = await image(demo);
    expect((await patch(demo, id, set('add', 'once_a', 'first'))).status).toBe(200);
    expect((await patch(demo, id, set('add', 'once_a', 'second'))).status).toBe(403);
    expect((await patch(demo, id, set('add', 'once_b'), set('replace', 'once_b', 'y'))).status).toBe(403);
    expect(await shown(demo, id)).toMatchObject({ once_a: 'first' });
  });

  it('takes again and again what may be created and never read', async () => {
    const id = await image(demo);
    for (const value of ['one', 'two']) expect((await patch(demo, id, set('add', 'drop_a', value))).status).toBe(200);
    expect(await shown(demo, id)).not.toHaveProperty('drop_a');
  });
});

describe('The operator\'s schema of additional properties', () => {
  it('is what clients are shown', async () => {
    const schema = (await demo.get('/v2/schemas/image')).json<{ properties: Record<string, unknown>; required: string[] }>();
    expect(schema.properties['tier']).toEqual({ type: 'string', enum: ['gold', 'tin'], is_base: false });
    expect([schema.required, schema.properties['kernel_id']]).toEqual([['tier'], undefined]);
  });

  it('refuses with 400 an image without what every image must have, or with another value', async () => {
    expect((await demo.post('/v2/images', { body: {} })).status).toBe(400);
    expect((await demo.post('/v2/images', { body: { tier: 'paper' } })).status).toBe(400);
    const id = await image(demo);
    expect((await patch(demo, id, set('replace', 'tier', 'paper'))).status).toBe(400);
    expect((await patch(demo, id, { op: 'remove', path: '/tier' })).status).toBe(400);
    expect((await patch(demo, id, set('replace', 'tier', 'gold'))).status).toBe(200);
  });
});
