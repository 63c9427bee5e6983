import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { variableOf } from '#libs/platform';
import { eventually } from './catalog-system.js';
import { signIn, type Client } from './client.js';
import { anImageInBothStores, flipAByte, operatorCommand } from './damage.js';
import { verdictOnImport } from './imports.js';
import { createImage, filesIn, historyOf, imageNow, someBytes, upload } from './operations.js';
import { quickEnds, startRegion, type Region } from './region.js';

const stores = { 'default.enabled_backends': 'fast:file, far:file' };

const command = (region: Region, name: string, ...args: string[]): { status: number | null; printed: string } => operatorCommand(region, stores, name, ...args);

const fileIn = async (region: Region, store: string, imageId: string): Promise<string> =>
  join(region.storesDir, (await filesIn(region)).find((file) => file.startsWith(`${store}/`) && file.includes(imageId)) ?? 'nowhere');

describe('Stored data that has been damaged', () => {
  let region: Region;
  let client: Client;
  beforeAll(async () => {
    region = await startRegion({ settings: { ...quickEnds, ...stores }, importers: 1 });
    client = await signIn(region, 'admin');
  });
  afterAll(() => region?.stop());

  it('is found and healed by the operator\'s command, and the bad bytes go', async () => {
    const bytes = someBytes();
    const imageId = await anImageInBothStores(client, bytes);
    const bad = await fileIn(region, 'fast', imageId);
    await flipAByte(bad);
    const dry = command(region, 'stores-scrub', '--dry-run', imageId);
    expect(dry.printed).toContain('1 damaged, 1 sound');
    expect(dry.status).toBe(1);
    const { status, printed } = command(region, 'stores-scrub', imageId);
    expect(printed).toMatch(/damaged +image .* in fast, 200000 bytes: its md5 is another one; healed/);
    expect(status).toBe(0);
    await eventually('the bad bytes are gone', async () => (await fileIn(region, 'fast', imageId)) !== bad && !(await filesIn(region)).some((file) => bad.endsWith(file)));
    expect(await verdictOnImport(region, client, { imageId, bytes, stores: ['fast', 'far'], imports: 1 })).toEqual([]);
    const actions = (await historyOf(client, imageId)).map(({ action }) => action);
    expect(actions).toEqual(expect.arrayContaining(['RecordDataCheck', 'StartDataHealing', 'CompleteDataHealing']));
    expect(command(region, 'stores-scrub', '--due', imageId).status).toBe(0);
  });

  it('is healed by the importer itself where it is scheduled, after it was killed while it did so, and downloads are right meanwhile', async () => {
    const bytes = someBytes();
    const imageId = await anImageInBothStores(client, bytes);
    await rm(await fileIn(region, 'fast', imageId));
    await region.stopService('importer');
    const schedule = { [variableOf('heliograph', 'scrub_interval')]: '10' };
    await region.restart('importer', { ...schedule, HELIOGRAPH_CRASH_AT: 'after-store-commit:1' });
    expect((await region.ending('importer')).signal).toBe('SIGKILL');
    const file = await client.askUntilAnswered('GET', `/v2/images/${imageId}/file`);
    expect(file.bytes.equals(bytes)).toBe(true);
    await region.restart('importer', schedule);
    await eventually('it is healed', async () => (await historyOf(client, imageId)).some(({ action }) => action === 'CompleteDataHealing'));
    expect(await verdictOnImport(region, client, { imageId, bytes, stores: ['fast', 'far'], imports: 1 })).toEqual([]);
  });

  it('stays where it is when no store has it any better', async () => {
    // One pass at a time looks at an image, and the importer's of the test before might be at this one.
    await region.stopService('importer');
    await region.restart('importer');
    const imageId = await anImageInBothStores(client, someBytes());
    for (const store of ['fast', 'far']) await flipAByte(await fileIn(region, store, imageId));
    const { status, printed } = command(region, 'stores-scrub', imageId);
    expect(printed).toContain('2 damaged, 2 hopeless');
    expect(status).toBe(1);
    expect(String((await imageNow(client, imageId))?.['stores']).split(',').sort()).toEqual(['far', 'fast']);
  });
});

describe('Stored images under a new rule', () => {
  let region: Region;
  let client: Client;
  beforeAll(async () => {
    region = await startRegion({ settings: { ...quickEnds, ...stores, 'image_format.vmdk_allowed_types': 'monolithicFlat,streamOptimized' }, importers: 0 });
    client = await signIn(region, 'admin');
  });
  afterAll(() => region?.stop());

  it('are looked at again by the operator\'s command, which remembers how far it came', async () => {
    const ids: string[] = [];
    for (let each = 0; each < 3; each += 1) {
      const imageId = await createImage(client, 'raw');
      const { method, path, ...rest } = upload(imageId, someBytes());
      await client.askUntilAnswered(method, path, rest);
      ids.push(imageId);
    }
    ids.sort();
    const state = join(region.stack.dir, 'rescan.state');
    await writeFile(state, `${ids[0]}\n`);
    expect(command(region, 'images-rescan', '--dry-run', state).printed).toContain('2 images: 0 with something new, 0 unreadable, 0 active that would be refused today');
    // A disk image that became unsafe by today's rules: its bytes are what an older Heliograph would have taken.
    await writeFile(await fileIn(region, 'fast', ids[1] ?? ''), Buffer.concat([Buffer.from('# Disk DescriptorFile\ncreateType="custom"\nRW 1 FLAT "/etc/passwd" 0\n'), Buffer.alloc(200_000)]).subarray(0, 200_000));
    const { status, printed } = command(region, 'images-rescan', '--deactivate');
    expect(printed).toContain('3 images: 1 with something new, 0 unreadable, 1 active that would be refused today');
    expect(status).toBe(1);
    expect((await imageNow(client, ids[1] ?? ''))?.status).toBe('deactivated');
    expect((await historyOf(client, ids[1] ?? '')).map(({ action }) => action)).toEqual(expect.arrayContaining(['RecordDataInspection', 'DeactivateImage']));
    expect(command(region, 'images-rescan').printed).toContain('3 images: 0 with something new, 0 unreadable, 0 active');
  });
});
