import { randomUUID } from 'node:crypto';
import type { CrashPoint } from '#libs/event-log';
import { startWebServer, type WebServer } from '../api/web-server.js';
import { eventually } from './catalog-system.js';
import { signIn, type Client } from './client.js';
import { filesIn, imageNow, sha512, someBytes } from './operations.js';
import { quickEnds, startRegion, type Region } from './region.js';

let web: WebServer;
let region: Region;
let client: Client;
beforeAll(async () => {
  web = await startWebServer();
  region = await startRegion({
    settings: {
      ...quickEnds, 'import_filtering_opts.allowed_hosts': '127.0.0.1', 'import_filtering_opts.allowed_ports': String(web.port), 'heliograph.import_handover_seconds': 2,
    }, importers: 1,
  });
  client = await signIn(region, 'demo');
});
afterAll(async () => {
  await region?.stop();
  await web?.close();
});

interface Import { readonly id: string; readonly status: string; readonly image_ref?: string; readonly message?: string }
const begin = (path: string, imageId: string): Promise<{ status: number; json(): unknown }> => client.askUntilAnswered('POST', '/v2/image-imports', {
  body: { location: `${web.url}${path}`, image_properties: { id: imageId, name: 'brought', disk_format: 'raw' } },
});
const show = async (id: string): Promise<Import> => (await client.askUntilAnswered('GET', `/v2/image-imports/${id}`)).json<Import>();
async function ended(id: string): Promise<Import> {
  await eventually('the import ends', async () => ['success', 'failure'].includes((await show(id)).status));
  return show(id);
}
const filesOf = async (imageId: string): Promise<number> => (await filesIn(region).catch(() => [])).filter((file) => file.includes(imageId)).length;
const imports = async (): Promise<number> => (await client.askUntilAnswered('GET', '/v2/image-imports?limit=1000')).json<{ image_imports: Import[] }>().image_imports.length;

describe('An import that is a resource of its own, whose importer dies', () => {
  it.each<CrashPoint>(['after-start', 'after-store-commit', 'before-complete'])('at %s: another one goes on, the image is there once, with its bytes and no others', async (point) => {
    const [imageId, bytes] = [randomUUID(), someBytes()];
    web.serve(`/${point}`, bytes);
    await region.arm('importer', point, 1);
    const { id } = (await begin(`/${point}`, imageId)).json() as Import;
    expect((await region.ending('importer')).signal).toBe('SIGKILL');
    expect(await imageNow(client, imageId)).toBeUndefined();
    await region.restart('importer');
    expect(await ended(id)).toMatchObject({ status: 'success', image_ref: `/v2/images/${imageId}` });
    expect(await imageNow(client, imageId)).toMatchObject({ status: 'active', os_hash_value: sha512(bytes) });
    await eventually('one copy is left', async () => await filesOf(imageId) === 1);
  });

  it('leaves no image and no bytes where the one who goes on finds nothing to bring any more', async () => {
    const imageId = randomUUID();
    web.serve('/vanishing', someBytes());
    await region.arm('importer', 'before-complete', 1);
    const { id } = (await begin('/vanishing', imageId)).json() as Import;
    expect((await region.ending('importer')).signal).toBe('SIGKILL');
    web.answer('/vanishing', (_, response) => { response.writeHead(404).end(); });
    await region.restart('importer');
    expect(await ended(id)).toMatchObject({ status: 'failure', message: expect.stringContaining('answered 404') as string });
    expect(await imageNow(client, imageId)).toBeUndefined();
    await eventually('nothing is left', async () => await filesOf(imageId) === 0);
  });

  it('is one import where the gateway dies before it answers', async () => {
    const [imageId, before] = [randomUUID(), await imports()];
    web.serve('/once', someBytes());
    await region.arm('gateway', 'before-acknowledgement', 1);
    const asked = begin('/once', imageId);
    expect((await region.ending('gateway')).signal).toBe('SIGKILL');
    await region.restart('gateway');
    const answer = await asked;
    expect(answer.status).toBe(201);
    expect(await ended((answer.json() as Import).id)).toMatchObject({ status: 'success', image_ref: `/v2/images/${imageId}` });
    expect(await imports()).toBe(before + 1);
  });
});
