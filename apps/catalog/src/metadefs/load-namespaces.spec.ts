import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { usualNamespaces } from '#libs/definitions';
import { createMetadefExecutor, loadNamespace, memoryEventLog, type EventLog } from '#libs/event-log';
import { loadModeOf } from './load-mode.js';
import { loadNamespaces } from './load-namespaces.js';
import { namespaceFiles, usualFiles } from './namespace-files.js';

const region = 'RegionOne';
const namespaceIn = (log: EventLog, name: string) => loadNamespace(log, region, name);

async function load(log: EventLog, files: Parameters<typeof loadNamespaces>[0], ...flags: string[]) {
  const said: string[] = [];
  const executor = createMetadefExecutor({ log, region, service: 'operator', clock: () => new Date() });
  const counts = await loadNamespaces(files, loadModeOf((flag) => flags.includes(flag)), { execute: (message) => executor.execute(message), load: (name) => namespaceIn(log, name), say: (line) => said.push(line) });
  return { ...counts, said };
}

let dir: string;
beforeEach(async () => { dir = await mkdtemp(join(tmpdir(), 'heliograph-metadefs-')); });
afterEach(() => rm(dir, { recursive: true }));
const write = (name: string, content: unknown) => writeFile(join(dir, name), typeof content === 'string' ? content : JSON.stringify(content));

describe('metadefs:load', () => {
  it('loads the usual namespaces, each once, however often it runs and in whatever mode', async () => {
    const log = memoryEventLog();
    expect(await load(log, usualFiles())).toMatchObject({ loaded: usualNamespaces.length, unchanged: 0, failed: 0 });
    expect(await namespaceIn(log, 'OS::OperatingSystem')).toMatchObject({ visibility: 'public', isProtected: true, owner: 'admin', displayName: 'Operating System' });
    const { lastSequence } = await log.extent();
    for (const flags of [[], ['merge'], ['prefer-new', 'merge'], ['overwrite']]) {
      expect(await load(log, usualFiles(), ...flags)).toEqual({ loaded: 0, unchanged: usualNamespaces.length, failed: 0, said: [] });
    }
    expect((await log.extent()).lastSequence).toBe(lastSequence);
  });

  it('reads Glance\'s own files and what Glance exports, with null for what is not said', async () => {
    const log = memoryEventLog();
    await write('a.json', {
      namespace: 'A', display_name: 'A', description: null, visibility: null, protected: true,
      resource_type_associations: [{ name: 'OS::Nova::Flavor', prefix: null, properties_target: null }],
      properties: { p: { title: 'P', description: 'p', type: 'integer', default: 8, minimum: 1, readonly: false } },
      objects: [{ name: 'o', description: null, properties: null }], tags: [{ name: 't' }],
    });
    await write('not-one.txt', 'this is not read');
    expect(await load(log, namespaceFiles([dir]))).toEqual({ loaded: 1, unchanged: 0, failed: 0, said: ['loaded A'] });
    expect(await namespaceIn(log, 'A')).toMatchObject({
      visibility: 'private', isProtected: true, owner: 'admin', description: null, properties: [{ name: 'p', definition: { default: '8', minimum: 1 } }], objects: [{ name: 'o', required: [], properties: [] }],
    });
  });

  it('tells what is wrong with a file, and goes on', async () => {
    const log = memoryEventLog();
    await write('1.json', '{');
    await write('2.json', { namespace: 'B', properties: { p: {} } });
    await write('3.json', { namespace: 'C' });
    const { said, ...counts } = await load(log, namespaceFiles([dir, join(dir, 'nothing.json')]));
    expect(counts).toEqual({ loaded: 1, unchanged: 0, failed: 3 });
    expect(said[1]).toBe(`${join(dir, '2.json')}: The body.properties.p must have title.`);
    expect(said[2]).toBe('loaded C');
    expect(said[3]).toMatch('ENOENT');
  });

  it('does to a namespace that is there what its flags say', async () => {
    const log = memoryEventLog();
    await write('a.json', { namespace: 'A', description: 'old', tags: [{ name: 'old' }] });
    await load(log, namespaceFiles([dir]));
    await write('a.json', { namespace: 'A', description: 'new', tags: [{ name: 'new' }] });
    const after = async (...flags: string[]) => {
      await load(log, namespaceFiles([join(dir, 'a.json')]), ...flags);
      const state = await namespaceIn(log, 'A');
      return state.exists ? [state.description, ...state.tags.map(({ name }) => name)] : [];
    };
    expect(await after()).toEqual(['old', 'old']);
    expect(await after('merge')).toEqual(['old', 'old', 'new']);
    expect(await after('merge', 'prefer-new')).toEqual(['new', 'old', 'new']);
    expect(await after('overwrite')).toEqual(['new', 'new']);
    await expect(load(log, [], 'overwrite', 'prefer-new')).rejects.toThrow('not both');
  });
});
