import { request as httpRequest } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { signIn, type Client } from './client.js';
import { createImage, imageNow } from './operations.js';
import { startRegion, type Region } from './region.js';

interface Transfer { readonly state: string; readonly bytes: number; readonly total_bytes: number | null }

describe('The progress of an upload, in a region with two gateways', () => {
  let region: Region;
  let [first, second]: Client[] = [];
  beforeAll(async () => {
    region = await startRegion({ gateways: 2 });
    [first, second] = await Promise.all([signIn(region), signIn({ ...region, url: region.secondUrl })]);
  });
  afterAll(() => region.stop());

  const seenAt = async (client: Client | undefined, imageId: string): Promise<Transfer | undefined> =>
    (await client?.ask('GET', `/v2/images/${imageId}/progress`))?.json<{ progress: Transfer[] }>().progress[0];

  /** Polls as a user would, until it is as wanted. */
  async function until(client: Client | undefined, imageId: string, isWanted: (seen: Transfer | undefined) => boolean): Promise<Transfer | undefined> {
    for (const giveUpAt = Date.now() + 50_000; Date.now() < giveUpAt; await pause(100)) {
      const seen = await seenAt(client, imageId);
      if (isWanted(seen)) return seen;
    }
    throw new Error(`it was not seen: ${JSON.stringify(await seenAt(client, imageId))}`);
  }

  const beginUpload = (imageId: string, totalBytes: number) => httpRequest(`${region.url}/v2/images/${imageId}/file`, {
    method: 'PUT', agent: false, headers: { 'x-auth-token': first?.token ?? '', 'content-type': 'application/octet-stream', 'content-length': totalBytes },
  });

  it('is seen at the gateway that does not move the bytes, while it runs and at its end', async () => {
    const imageId = await createImage(first!, 'watched');
    const upload = beginUpload(imageId, 3_000_000);
    const answered = new Promise<number | undefined>((resolve) => { upload.once('response', (response) => { response.resume(); resolve(response.statusCode); }); });
    upload.write(Buffer.alloc(1_000_000));
    expect(await until(second, imageId, (seen) => seen?.bytes === 1_000_000)).toMatchObject({ state: 'running', total_bytes: 3_000_000 });
    upload.end(Buffer.alloc(2_000_000));
    expect(await answered).toBe(204);
    expect(await until(second, imageId, (seen) => seen?.state !== 'running')).toMatchObject({ state: 'succeeded', bytes: 3_000_000 });
  });

  it('is known soon to a gateway that was just started', async () => {
    const imageId = await createImage(first!, 'watched');
    const upload = beginUpload(imageId, 3_000_000);
    upload.on('error', () => {});
    upload.write(Buffer.alloc(1_000_000));
    await until(second, imageId, (seen) => seen?.bytes === 1_000_000);
    await region.stopService('gateway-2');
    await region.restart('gateway-2');
    expect(await until(second, imageId, (seen) => seen?.bytes === 1_000_000)).toMatchObject({ state: 'running' });
    upload.destroy();
    expect(await until(second, imageId, (seen) => seen?.state !== 'running')).toMatchObject({ state: 'failed' });
    expect(await imageNow(first!, imageId)).toMatchObject({ status: 'queued' });
  });
});
