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
  });
  afterAll(() => region?.stop());

  const again = ({ method, path, ...rest }: Operation): Promise<Answer> => client.ask(method, path, rest);
  const filesOf = async (imageId: string): Promise<string[]> => (await filesIn(region)).filter((file) => file.includes(imageId));

  /** Whatever became of the first request, the image has its bytes or none; and the same request makes it so that it has. */
  async function expectAGoodEnd(imageId: string, operation: Operation, bytes: Buffer): Promise<void> {
    const settled = await settledImage(client, imageId);
    expect(['queued', 'active']).toContain(settled?.status);
    await eventually('the store holds what the image has and nothing else', async () =>
      (await filesOf(imageId)).length === (settled?.status === 'active' ? 1 : 0));
    const answers = new Set<number>();
    await eventually('the repeated upload is acknowledged', async () => answers.add((await again(operation)).status).has(204));
    // A machine that is slow enough lets so short a lease run out on an upload that nobody killed, and is not back at once after an outage.
    expect([204, 409, 503]).toEqual(expect.arrayContaining([...answers]));
    expect(await imageNow(client, imageId)).toMatchObject({ status: 'active', size: bytes.length, os_hash_value: sha512(bytes) });
    expect((await client.ask('GET', `/v2/images/${imageId}/file`)).bytes.equals(bytes)).toBe(true);
    expect((await historyOf(client, imageId)).filter(({ action }) => action === 'CompleteImageDataUpload')).toHaveLength(1);
    expect(await filesOf(imageId)).toHaveLength(1);
  }

  it.each(points)('%s, %s (%i): the bytes of an upload are the image\'s or gone, and it does not stay in saving', async (service, point, nth) => {
    const imageId = await createImage(client, 'to be uploaded to');
    const bytes = someBytes();
    const operation = upload(imageId, bytes);
    await dyingAt({ region, client, service, point, nth, timeoutMs: 30_000 }, operation);
    await expectAGoodEnd(imageId, operation, bytes);
  });

  it.each(['gateway', 'catalog', 'nats', 'postgres'] as const)('%s, while bytes move: they are the image\'s or gone, and it does not stay in saving', async (name) => {
    const imageId = await createImage(client, 'to be uploaded to');
    const bytes = someBytes(3_000_000);
    const operation = upload(imageId, bytes);
    const halfway = gate();
    const answered = fetch(region.url + operation.path, {
      method: 'PUT', headers: { 'x-auth-token': client.token, 'content-type': 'application/octet-stream', 'idempotency-key': operation.key },
      body: inTwoParts(bytes, halfway.opened), duplex: 'half',
    } as RequestInit).then(({ status }) => status, () => 'no answer');
    await eventually('bytes lie in the store', async () => (await filesOf(imageId)).length === 1);
    await region.kill(name);
    halfway.open();
    await region.restart(name);
    expect([204, 409, 503, 'no answer']).toContain(await answered);
    await expectAGoodEnd(imageId, operation, bytes);
  });
});

async function* inTwoParts(bytes: Buffer, halfway: Promise<void>): AsyncGenerator<Uint8Array> {
  yield new Uint8Array(bytes.subarray(0, bytes.length / 2));
  await halfway;
  yield new Uint8Array(bytes.subarray(bytes.length / 2));
}

function gate(): { readonly opened: Promise<void>; open(): void } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => { open = resolve; });
  return { opened, open: () => open() };
}
