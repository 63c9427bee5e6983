import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import type { Problem, ProblemCode } from '#libs/domain';
import type { S3Options } from './s3-options.js';
import { spareMemory } from './s3-room.js';
import { partBytesOf, partsOnTheirWay } from './s3-writer.js';
import { s3Store } from './s3.js';
import { refuses } from './store.suite.js';
import type { Store } from './store.js';

const mib = 1024 * 1024;
const secrets = ['AKSECRETACCESS', 'the-secret-key'] as const;
const options: S3Options = {
  endpoint: new URL('http://127.0.0.1'), accessKey: secrets[0], secretKey: secrets[1], bucket: 'images', createBucketOnPut: false,
  bucketUrlFormat: 'auto', regionName: 'us-east-1', largeObjectBytes: 100 * mib, chunkBytes: 5 * mib, parallelParts: 4,
};
const key = { imageId: randomUUID(), attemptId: randomUUID(), storeId: 'far' };

describe('What an S3 server refuses', () => {
  let server: Server;
  let store: Store;
  let answer: (request: IncomingMessage, response: ServerResponse) => void;
  let asked: string[];
  beforeEach(async () => {
    asked = [];
    server = createServer((request, response) => {
      asked.push(`${request.method} ${request.url?.split('?')[0]}`);
      request.resume().once('end', () => { answer(request, response); });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    store = s3Store('far', { ...options, endpoint: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`) });
  });
  afterEach(() => { server.close().closeAllConnections(); });

  const refuse = (status: number, code: string): void => {
    answer = (_, response) => {
      response.writeHead(status, { 'content-type': 'application/xml' })
        .end(`<Error><Code>${code}</Code><Message>${secrets[0]}</Message><AWSAccessKeyId>${secrets[0]}</AWSAccessKeyId><StringToSign>signed</StringToSign></Error>`);
    };
  };

  it.each<[number, string, ProblemCode]>([
    [404, 'NoSuchBucket', 'StoreUnavailable'],
    [403, 'AccessDenied', 'StoreUnavailable'],
    [403, 'InvalidAccessKeyId', 'StoreUnavailable'],
    [403, 'QuotaExceeded', 'StoreFull'],
    [507, 'XMinioStorageFull', 'StoreFull'],
    [501, 'NotImplemented', 'StoreUnavailable'],
  ])('with %d %s is said as what the contract has for it', async (status, code, problem) => {
    refuse(status, code);
    await refuses(store.remove(key), problem);
    expect(asked).toHaveLength(1);
  });

  it('with 503 is asked again a few times, and then the store is unavailable', async () => {
    refuse(503, 'SlowDown');
    await refuses(store.remove(key), 'StoreUnavailable');
    expect(asked).toHaveLength(4);
  });

  it('only for a moment is nothing that anybody notices', async () => {
    let left = 2;
    answer = (request, response) => {
      if (left-- > 0) response.writeHead(503).end();
      else if (request.method === 'DELETE') response.writeHead(204).end();
      else response.end('<ListMultipartUploadsResult><IsTruncated>false</IsTruncated></ListMultipartUploadsResult>');
    };
    await store.remove(key);
    expect(asked).toEqual(['GET /images', 'GET /images', 'GET /images', `DELETE /images/${key.imageId}/${key.attemptId}/far`]);
  });

  it('tells no key, no signature and no text of the server', async () => {
    refuse(403, 'SignatureDoesNotMatch');
    const errors = [await store.remove(key).catch((error: unknown) => error), await store.read(key).catch((error: unknown) => error), await store.check().catch((error: unknown) => error)];
    const told = errors.map((error) => inspect(error, { depth: 10, showHidden: true })).join('\n');
    expect(told).toContain('SignatureDoesNotMatch');
    for (const secret of [...secrets, 'signed', 'Signature=']) expect(told).not.toContain(secret);
    expect(inspect(store, { depth: 10, showHidden: true })).not.toContain(secrets[1]);
  });

  it('that only a mistake of ours can cause stays a fault', async () => {
    refuse(400, 'InvalidArgument');
    const error = await store.remove(key).then(() => undefined, (thrown: unknown) => thrown as Error);
    expect([error?.name, (error as Problem | undefined)?.code]).toEqual(['S3Failure', 'InvalidArgument']);
  });

  it('by not being there at all', async () => {
    server.close().closeAllConnections();
    await refuses(store.sizeOf(key), 'StoreUnavailable');
    await expect(store.check()).rejects.toThrow('ECONNREFUSED');
  });
});

describe('The parts of an upload to S3', () => {
  it('are alike where the size is told, and as many as S3 takes', () => {
    expect(partBytesOf(1, 10 * mib, 5 * mib)).toBe(10 * mib);
    expect(partBytesOf(9999, 10 * mib, 1024 ** 4)).toBe(105 * mib);
  });

  it('grow where it is not, so that 10,000 of them hold 1 TiB', () => {
    const sizes = Array.from({ length: 10_000 }, (_, at) => partBytesOf(at + 1, 10 * mib, undefined));
    expect(sizes.slice(0, 1000).every((size) => size === 10 * mib)).toBe(true);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeGreaterThan(1024 ** 4);
  });

  it('go one by one when the spare memory is used up, and a few at once when it is not', async () => {
    const most = async (spareBytes: number): Promise<number> => {
      const spare = spareMemory(spareBytes);
      const sending = partsOnTheirWay({ options: { ...options, parallelParts: 3 }, spare });
      let [now, peak] = [0, 0];
      for (let part = 0; part < 12; part += 1) {
        await sending.add(10, async () => {
          peak = Math.max(peak, now += 1);
          await new Promise(setImmediate);
          now -= 1;
        });
      }
      await sending.end();
      expect(spare.take(spareBytes)).toBe(true);
      return peak;
    };
    expect(await most(9)).toBe(1);
    expect(await most(10)).toBe(2);
    expect(await most(1000)).toBe(3);
  });
});
