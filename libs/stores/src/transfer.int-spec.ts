import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Problem } from '#libs/domain';
import { fileStore } from './file.js';
import type { DataKey } from './layout.js';
import { receiveData } from './receive-data.js';
import { sendData } from './send-data.js';
import type { Store } from './store.js';
import { someBytes } from './store.suite.js';

describe('Bytes over a real connection', () => {
  const key: DataKey = { imageId: randomUUID(), attemptId: randomUUID(), storeId: 'fast' };
  let dataDir: string;
  let store: Store;
  let server: Server;
  let outcomes: string[];

  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'heliograph-store-'));
    store = await fileStore('fast', { dataDir });
    outcomes = [];
    server = createServer((req, res) => { void (req.method === 'PUT' ? upload(req, res) : download(res)); });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  afterEach(async () => {
    server.closeAllConnections();
    server.close();
    await rm(dataDir, { recursive: true });
  });

  async function upload(req: IncomingMessage, res: ServerResponse): Promise<void> {
    try {
      const received = await receiveData(store, key, req, { limitBytes: 8_000_000, osHashAlgo: 'sha256' });
      await received.commit();
      res.end(received.osHashValue);
    } catch (error) {
      outcomes.push(error instanceof Problem ? error.code : String(error));
      res.writeHead(413, { connection: 'close' }).end();
    }
  }
  async function download(res: ServerResponse): Promise<void> {
    const { isComplete } = await sendData(await store.read(key), res);
    outcomes.push(`complete ${isComplete}`);
    res.end();
  }
  const open = (method: string) => request({ host: '127.0.0.1', port: (server.address() as AddressInfo).port, method, agent: false });
  const outcome = async (): Promise<string> => {
    while (outcomes.length === 0) await new Promise((resolve) => { setTimeout(resolve, 5); });
    return outcomes[0]!;
  };
  const files = async (): Promise<string[]> => (await readdir(dataDir, { recursive: true })).filter((name) => name !== '.incoming');

  it('go up and come down unchanged', async () => {
    const data = someBytes(7_654_321);
    const put = open('PUT').end(data);
    const [stored] = await once(put, 'response') as [IncomingMessage];
    expect(String(await stored.toArray())).toBe(createHash('sha256').update(data).digest('hex'));
    const [response] = await once(open('GET').end(), 'response') as [IncomingMessage];
    expect(Buffer.concat(await response.toArray() as Buffer[]).equals(data)).toBe(true);
    expect(await outcome()).toBe('complete true');
  });

  it('leave nothing when the client hangs up on the way', async () => {
    const put = open('PUT').on('error', () => {});
    put.setHeader('content-length', 1_000_000);
    put.write(someBytes(100_000));
    setTimeout(() => put.destroy(), 50);
    expect(await outcome()).toBe('UploadInterrupted');
    expect(await files()).toEqual([]);
  });

  it('are refused with an answer that the client can read, while it still sends', async () => {
    const put = open('PUT').on('error', () => {});
    put.setHeader('content-length', 9_000_000);
    put.write(someBytes(8_500_000));
    const [response] = await once(put, 'response') as [IncomingMessage];
    expect(response.statusCode).toBe(413);
    expect(await outcome()).toBe('ImageTooLarge');
    put.destroy();
    expect(await files()).toEqual([]);
  });

  it('are not read on when the client leaves a download', async () => {
    const writer = await store.create(key);
    for (let at = 0; at < 40; at += 1) await writer.write(someBytes(1_000_000));
    await writer.commit();
    const get = open('GET').on('error', () => {}).end();
    const [response] = await once(get, 'response') as [IncomingMessage];
    response.on('error', () => {}).once('data', () => { response.destroy(); });
    expect(await outcome()).toBe('complete false');
  });
});
