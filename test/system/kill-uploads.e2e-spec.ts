import { eventually } from './catalog-system.js';
import { signIn, type Answer, type Client } from './client.js';
import { createImage, dyingAt, filesIn, historyOf, imageNow, settledImage, sha512, someBytes, upload, type Operation } from './operations.js';
import { startRegion, type Region } from './region.js';

/** An upload is two commands: the catalog dies at the first, the start, or at the second, the completion. */
const points = [
  ...(['before-append', 'after-append'] as const).map((point) => ['catalog', point, 1] as const),
  ...(['before-append', 'after-append', 'before-projection-commit', 'after-projection-commit', 'before-reply'] as const).map((point) => ['catalog', point, 2] as const),
  ...(['after-store-commit', 'before-complete', 'before-acknowledgement'] as const).map((point) => ['gateway', point, 1] as const),
];

describe('A service that dies at a named point of an upload', () => {
  let region: Region;
  let client: Client;

  beforeAll(async () => {
    region = await startRegion();
    client = await signIn(region);
  }, 90_000);
  afterAll(() => region?.stop(), 60_000);

  const again = ({ method, path, ...rest }: Operation): Promise<Answer> => client.ask(method, path, rest);
  const filesOf = async (imageId: string): Promise<string[]> => (await filesIn(region)).filter((file) => file.includes(imageId));

  it.each(points)('%s, %s (%i): the bytes of an upload are the image\'s or gone, and it does not stay in saving', async (service, point, nth) => {
    const imageId = await createImage(client, 'to be uploaded to');
    const bytes = someBytes();
    const operation = upload(imageId, bytes);
    await dyingAt({ region, client, service, point, nth, timeoutMs: 30_000 }, operation);
    const settled = await settledImage(client, imageId);
    expect(['queued', 'active']).toContain(settled?.status);
    await eventually('the store holds what the image has and nothing else', async () =>
      (await filesOf(imageId)).length === (settled?.status === 'active' ? 1 : 0));
    // Whatever became of the first, the same request makes it so, or finds that it is so.
    const refusals = new Set<string>();
    await eventually('the repeated upload is acknowledged', async () => {
      const { status, bytes: said } = await again(operation);
      // On a machine that is slow enough, a lease as short as these runs out on an upload that nobody killed.
      if (status !== 204) refusals.add(`${status} ${said.toString('utf8')}`);
      return status === 204;
    }).catch((error: Error) => { throw new Error([error.message, ...refusals].join('\n')); });
    expect(await imageNow(client, imageId)).toMatchObject({ status: 'active', size: bytes.length, os_hash_value: sha512(bytes) });
    expect((await client.ask('GET', `/v2/images/${imageId}/file`)).bytes.equals(bytes)).toBe(true);
    expect((await historyOf(client, imageId)).filter(({ action }) => action === 'CompleteImageDataUpload')).toHaveLength(1);
    expect(await filesOf(imageId)).toHaveLength(1);
  }, 60_000);
});
