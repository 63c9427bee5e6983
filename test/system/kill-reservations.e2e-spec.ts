import { request, type ClientRequest } from 'node:http';
import { eventually } from './catalog-system.js';
import { signIn, type Client } from './client.js';
import { createImage, imageNow, settledImage, someBytes, upload } from './operations.js';
import { quickEnds, startRegion, type Region } from './region.js';

const megabyte = 1024 ** 2;

describe('A limit and a gateway that dies in the middle of an upload', () => {
  let region: Region;
  let client: Client;

  beforeAll(async () => {
    region = await startRegion({ settings: { ...quickEnds, 'default.user_storage_quota': '4MB' } });
    client = await signIn(region);
  });
  afterAll(() => region?.stop());

  /** Announces more than it sends. */
  async function half(imageId: string, bytes: Buffer): Promise<ClientRequest> {
    const sending = request(`${region.url}/v2/images/${imageId}/file`, {
      method: 'PUT', headers: { 'x-auth-token': client.token, 'content-type': 'application/octet-stream', 'content-length': String(bytes.length) },
    });
    sending.on('error', () => undefined);
    sending.write(bytes.subarray(0, bytes.length / 2));
    await eventually('the upload has begun', async () => (await imageNow(client, imageId))?.status === 'saving');
    return sending;
  }

  async function send(imageId: string, bytes: Buffer): Promise<number> {
    const { method, path, ...rest } = upload(imageId, bytes);
    return (await client.ask(method, path, rest)).status;
  }

  it('what it had reserved is there for others once the upload is swept, and not before', async () => {
    const [first, second] = [await createImage(client, 'half'), await createImage(client, 'whole')];
    const sending = await half(first, someBytes(3 * megabyte));
    expect(await send(second, someBytes(2 * megabyte))).toBe(413);
    await region.kill('gateway');
    sending.destroy();
    await region.restart('gateway');
    await eventually('the room is free again', async () => (await send(second, someBytes(2 * megabyte))) === 204);
    expect((await settledImage(client, first))?.status).toBe('queued');
    expect(await send(first, someBytes(3 * megabyte))).toBe(413);
    expect(await send(first, someBytes(2 * megabyte))).toBe(204);
  });
});
