import { createHash } from 'node:crypto';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { Problem } from '#libs/domain';
import { addressRules } from './address-rules.js';
import type { DownloadOptions, Received } from './download-options.js';
import { openDownload } from './resumable-download.js';
import { loopbackReach, startOrigin, type Origin } from '../test/origin.js';

const opened: Origin[] = [];
const start = async (answer: RequestListener, address = '127.0.0.1'): Promise<Origin> => {
  const origin = await startOrigin(answer, { address });
  opened.push(origin);
  return origin;
};
afterEach(async () => {
  await Promise.all(opened.splice(0).map((origin) => origin.close()));
});

/** The same numbers for the same seed, in every run. */
function numbersOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

const image = Buffer.from(Array.from({ length: 300_000 }, numbersOf(7)).map((part) => Math.floor(part * 256)));
const etag = '"v1"';
const startOf = ({ headers }: IncomingMessage): number => Number(/^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1] ?? 0);

/** An honest server of one file: ranges, If-Range, and the link cut after so many bytes of each answer. */
function serving(file: Buffer, cutAfter: (nth: number) => number = () => Infinity, headers: Record<string, string> = { etag }): RequestListener {
  let answers = 0;
  return (request, response) => {
    const offset = startOf(request);
    const isRange = request.headers.range !== undefined && request.headers['if-range'] === (headers['etag'] ?? headers['last-modified']);
    const body = isRange ? file.subarray(offset) : file;
    const range = isRange ? { 'content-range': `bytes ${offset}-${file.length - 1}/${file.length}` } : {};
    response.writeHead(isRange ? 206 : 200, { 'content-length': body.length, ...headers, ...range });
    cutOff(response, body, cutAfter(answers));
    answers += 1;
  };
}

function cutOff(response: ServerResponse, body: Buffer, afterBytes: number): void {
  if (afterBytes >= body.length) response.end(body);
  else response.write(body.subarray(0, afterBytes), () => { response.socket?.destroy(); });
}

const optionsWith = (changes: Partial<DownloadOptions> = {}): DownloadOptions =>
  ({ ...loopbackReach(), limitBytes: 10_000_000, totalTimeoutMs: 10_000, pause: async () => {}, ...changes });

const uriOf = (origin: Origin): string => `http://images.example:${origin.port}/a.img?sig=secret`;
const told = (origin: Origin, reason: string) => ({ code: 'DownloadFailed', params: { uri: `http://images.example:${origin.port}/a.img`, reason } });

async function download(origin: Origin, changes: Partial<DownloadOptions> = {}): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of (await openDownload(uriOf(origin), optionsWith(changes))).bytes) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

const anew = 'the connection broke, and the server can only begin anew: the file changed, or it serves no ranges';

describe('A download', () => {
  it('brings the bytes, their size and their content type', async () => {
    const origin = await start(serving(image, () => Infinity, { etag, 'content-type': 'application/x-qemu-disk' }));
    const { sizeBytes, contentType, bytes } = await openDownload(uriOf(origin), optionsWith());
    const chunks: Uint8Array[] = [];
    for await (const chunk of bytes) chunks.push(chunk);
    expect([sizeBytes, contentType, sha256(Buffer.concat(chunks))]).toEqual([300_000, 'application/x-qemu-disk', sha256(image)]);
    expect(origin.requests[0]?.headers).toMatchObject({ 'accept-encoding': 'identity' });
    expect(origin.requests).toHaveLength(1);
  });

  it('brings an empty file', async () => {
    expect(await download(await start(serving(Buffer.alloc(0))))).toHaveLength(0);
  });

  it('brings a file whose size nobody announced', async () => {
    const origin = await start((_, response) => {
      response.write(image.subarray(0, 1000));
      response.end(image.subarray(1000));
    });
    expect(sha256(await download(origin))).toBe(sha256(image));
  });

  it('tells a size that was expected where the server tells none', async () => {
    const origin = await start((_, response) => { response.write('hel'); response.end('lo'); });
    const { sizeBytes, close } = await openDownload(uriOf(origin), optionsWith({ expectedSizeBytes: 5 }));
    close();
    expect(sizeBytes).toBe(5);
  });

  it('refuses what the filter refuses before anybody is asked', async () => {
    await expect(openDownload('ftp://images.example/a', optionsWith())).rejects.toMatchObject({ code: 'UriNotAllowed' });
    const origin = await start(serving(image));
    await expect(openDownload(uriOf(origin), optionsWith({ addressRules: addressRules({ allowedNetworks: [] }) }))).rejects.toMatchObject({ code: 'UriNotAllowed' });
    expect(origin.connections()).toBe(0);
  });

  it('reads no faster than it is read', async () => {
    const large = Buffer.alloc(64 * 1024 * 1024);
    let sent = 0;
    const origin = await start((_, response) => {
      response.writeHead(200, { 'content-length': large.length, etag });
      const push = (): void => {
        while (sent < large.length) {
          const chunk = large.subarray(sent, sent + 65_536);
          sent += chunk.length;
          if (!response.write(chunk)) return;
        }
        response.end();
      };
      response.on('drain', push);
      push();
    });
    const { bytes } = await openDownload(uriOf(origin), optionsWith({ limitBytes: 1e9, idleTimeoutMs: 1000 }));
    let received = 0;
    for await (const chunk of bytes) {
      // Longer than the link may be silent: a slow reader is no silent link.
      if (received === 0) await new Promise((resolve) => { setTimeout(resolve, 1500); });
      if (received === 0) expect(sent).toBeLessThan(large.length / 2);
      received += chunk.length;
    }
    expect(received).toBe(large.length);
    expect(origin.requests).toHaveLength(1);
  });

  it('lets go of the connection when its reader stops, and when it is closed unread', async () => {
    const closed: string[] = [];
    const origin = await start((request, response) => {
      request.socket.on('close', () => closed.push(request.url ?? ''));
      response.writeHead(200, { 'content-length': 1e6 }).write(image);
    });
    for await (const chunk of (await openDownload(`http://images.example:${origin.port}/read`, optionsWith())).bytes) if (chunk.length > 0) break;
    (await openDownload(`http://images.example:${origin.port}/unread`, optionsWith())).close();
    await eventually(() => closed.length === 2);
    expect(closed).toEqual(['/read', '/unread']);
  });
});

describe('A download over a link that breaks', () => {
  it('goes on where the link broke, wherever that is, and nothing is sent twice (seeded)', async () => {
    for (let seed = 1; seed <= 25; seed += 1) {
      const next = numbersOf(seed);
      const cuts = 3 + Math.floor(next() * 8);
      const origin = await start(serving(image, (nth) => (nth < cuts ? Math.floor(next() ** 2 * 90_000) : Infinity)));
      const received: Received[] = [];
      const got = await download(origin, { retries: 100, onReceived: (each) => { received.push(each); } });
      expect([seed, sha256(got)]).toEqual([seed, sha256(image)]);
      const perAttempt = new Map(received.map(({ attempt, attemptBytes }) => [attempt, attemptBytes]));
      expect([...perAttempt.values()].reduce((sum, bytes) => sum + bytes, 0)).toBe(image.length);
      // Each request asked for exactly what had not come yet.
      const before = origin.requests.map((_, index) => [...perAttempt].filter(([attempt]) => attempt <= index).reduce((sum, [, bytes]) => sum + bytes, 0));
      expect(origin.requests.map(startOf)).toEqual(before);
      await origin.close();
    }
  });

  it('sends If-Range with the ETag, and none with a request for the whole', async () => {
    const origin = await start(serving(image, (nth) => [0, 1000, Infinity][nth] ?? Infinity));
    await download(origin);
    expect(origin.requests.map(({ headers }) => [headers.range, headers['if-range']])).toEqual([[undefined, undefined], [undefined, undefined], ['bytes=1000-', etag]]);
  });

  it('goes on by Last-Modified where there is no ETag', async () => {
    const lastModified = 'Mon, 01 Jan 2024 00:00:00 GMT';
    const origin = await start(serving(image, (nth) => (nth === 0 ? 1000 : Infinity), { 'last-modified': lastModified }));
    expect(sha256(await download(origin))).toBe(sha256(image));
    expect(origin.requests[1]?.headers).toMatchObject({ range: 'bytes=1000-', 'if-range': lastModified });
  });

  it('goes on when the rest of a file of unknown size tells its size', async () => {
    let answers = 0;
    const origin = await start((request, response) => {
      if (answers++ > 0) return serving(image)(request, response);
      response.writeHead(200, { etag }).write(image.subarray(0, 5000), () => { response.socket?.destroy(); });
      return undefined;
    });
    expect(sha256(await download(origin))).toBe(sha256(image));
  });

  it('takes a file that comes part by part', async () => {
    const origin = await start((request, response) => {
      const offset = startOf(request);
      if (offset === 0) return serving(image, () => 100_000)(request, response);
      const part = image.subarray(offset, offset + 70_000);
      response.writeHead(206, { etag, 'content-length': part.length, 'content-range': `bytes ${offset}-${offset + part.length - 1}/${image.length}` }).end(part);
      return undefined;
    });
    expect(sha256(await download(origin))).toBe(sha256(image));
  });

  it('is given up after so many failures in a row, and a megabyte starts a new row', async () => {
    const hopeless = await start(serving(image, () => 10));
    await expect(download(hopeless, { retries: 3 })).rejects.toMatchObject(told(hopeless, 'the connection broke'));
    expect(hopeless.requests).toHaveLength(4);
    const large = Buffer.alloc(9 * 1024 * 1024, 1);
    const hopeful = await start(serving(large, () => 1024 * 1024 + 1));
    expect(await download(hopeful, { retries: 1 })).toHaveLength(large.length);
    expect(hopeful.requests).toHaveLength(9);
  });

  it('waits longer after each failure, and as long as the server asks', async () => {
    const pauses: number[] = [];
    const origin = await start((request, response) => {
      if (pauses.length < 4) response.writeHead(503, pauses.length === 3 ? { 'retry-after': '45' } : {}).end();
      else serving(image)(request, response);
    });
    await download(origin, { pause: async (waitMs) => { pauses.push(waitMs); } });
    expect(pauses.map((waitMs, index) => waitMs >= 250 * 2 ** index && waitMs <= 500 * 2 ** index).slice(0, 3)).toEqual([true, true, true]);
    expect(pauses[3]).toBe(45_000);
  });

  it.each([400, 401, 403, 404, 410])('does not ask again after %i', async (status) => {
    const origin = await start((_, response) => { response.writeHead(status).end('no'); });
    await expect(download(origin)).rejects.toMatchObject(told(origin, `the server answered ${status}`));
    expect(origin.requests).toHaveLength(1);
  });

  it('gives a silent link up and goes on over another one', async () => {
    let answers = 0;
    const origin = await start((request, response) => {
      if (answers++ > 0) return serving(image)(request, response);
      response.writeHead(200, { 'content-length': image.length, etag }).write(image.subarray(0, 70_000));
      return undefined;
    });
    expect(sha256(await download(origin, { idleTimeoutMs: 500 }))).toBe(sha256(image));
    expect(startOf(origin.requests[1] as IncomingMessage)).toBe(70_000);
  });

  it('is given up when its time is over, however steadily bytes drip', async () => {
    const origin = await start((request, response) => {
      response.writeHead(200, { 'content-length': 1e6, etag });
      const timer = setInterval(() => response.write('x'), 10);
      request.socket.on('close', () => { clearInterval(timer); });
    });
    const params = { uri: `http://images.example:${origin.port}/a.img`, seconds: 0.3 };
    await expect(download(origin, { totalTimeoutMs: 300 })).rejects.toMatchObject({ code: 'DownloadTimedOut', params });
  });

  it('ends with the reason of its signal while it waits for bytes, for an answer, or for another try', async () => {
    const stalled = await start((_, response) => { response.writeHead(200, { 'content-length': 10, etag }).write('x'); });
    const silent = await start(() => {});
    const busy = await start((_, response) => { response.writeHead(503, { 'retry-after': '50' }).end(); });
    for (const origin of [stalled, silent, busy]) {
      const stop = new AbortController();
      const reason = new Error('cancelled');
      setTimeout(() => { stop.abort(reason); }, 50);
      const { pause: _, ...options } = optionsWith({ signal: stop.signal });
      const reading = (async () => { for await (const chunk of (await openDownload(uriOf(origin), options)).bytes) expect(chunk).toHaveLength(1); })();
      await expect(reading).rejects.toBe(reason);
    }
  });
});

it('A download that was cancelled before it began asks nobody', async () => {
  const origin = await start(serving(image));
  const reason = new Error('cancelled');
  await expect(openDownload(uriOf(origin), optionsWith({ signal: AbortSignal.abort(reason) }))).rejects.toBe(reason);
  expect(origin.connections()).toBe(0);
});

describe('A download never mixes two versions', () => {
  const cutThen = (then: RequestListener): RequestListener => {
    let answers = 0;
    return (request, response) => (answers++ === 0 ? serving(image, () => 1000) : then)(request, response);
  };

  it.each<[string, RequestListener, string]>([
    ['the ETag changed', serving(Buffer.alloc(300_000), () => Infinity, { etag: '"v2"' }), anew],
    ['the server ignores If-Range and has another ETag', (request, response) => {
      const offset = startOf(request);
      response.writeHead(206, { etag: '"v2"', 'content-range': `bytes ${offset}-299999/300000`, 'content-length': 300_000 - offset }).end(Buffer.alloc(300_000 - offset));
    }, 'the file changed while it was being downloaded'],
    ['the server serves no ranges', (_, response) => { response.writeHead(200, { etag, 'content-length': image.length }).end(image); }, anew],
    ['the file got shorter', (_, response) => { response.writeHead(416, { 'content-range': 'bytes */500' }).end(); }, 'the file got shorter while it was being downloaded'],
    ['the file is gone', (_, response) => { response.writeHead(404).end(); }, 'the server answered 404'],
    ['the rest is packed', (request, response) => {
      response.writeHead(206, { etag, 'content-encoding': 'gzip', 'content-range': `bytes ${startOf(request)}-299999/300000` }).end('x');
    }, 'the server insists on packing the file on its way'],
  ])('%s', async (_, then, reason) => {
    const origin = await start(cutThen(then));
    await expect(download(origin)).rejects.toMatchObject(told(origin, reason));
    expect(origin.requests).toHaveLength(2);
  });

  it('nothing tells the version', async () => {
    const origin = await start(serving(image, () => 1000, {}));
    await expect(download(origin)).rejects.toMatchObject(told(origin, 'the connection broke, and the server gives no ETag by which to know the rest'));
    expect(origin.requests).toHaveLength(1);
  });

  it('the file changed before its first byte', async () => {
    let answers = 0;
    const origin = await start((request, response) => { (answers++ === 0 ? serving(image, () => 0) : serving(image, () => Infinity, { etag: '"v2"' }))(request, response); });
    await expect(download(origin)).rejects.toMatchObject(told(origin, 'the file changed while it was being downloaded'));
  });
});

describe('A download is bounded in size', () => {
  it('refuses an announced size over the limit before the first byte', async () => {
    const origin = await start(serving(image));
    await expect(openDownload(uriOf(origin), optionsWith({ limitBytes: 299_999 }))).rejects.toMatchObject({ code: 'ImageTooLarge', params: { limitBytes: 299_999 } });
  });

  it('stops at the first byte over the limit where nothing was announced', async () => {
    const origin = await start((_, response) => { const pour = (): void => { while (response.write(image)); }; response.on('drain', pour); pour(); });
    await expect(download(origin, { limitBytes: 1_000_000 })).rejects.toMatchObject({ code: 'ImageTooLarge' });
  });

  it('takes exactly the limit', async () => {
    expect(await download(await start(serving(image)), { limitBytes: 300_000 })).toHaveLength(300_000);
  });

  it('refuses another size than the expected one', async () => {
    const origin = await start(serving(image));
    await expect(download(origin, { expectedSizeBytes: 7 })).rejects.toMatchObject(told(origin, 'the server has 300000 bytes where 7 were expected'));
    const unannounced = await start((_, response) => { response.write('hel'); response.end('lo'); });
    await expect(download(unannounced, { expectedSizeBytes: 7 })).rejects.toMatchObject(told(unannounced, 'the server has 5 bytes where 7 were expected'));
    await expect(download(unannounced, { expectedSizeBytes: 4 })).rejects.toMatchObject(told(unannounced, 'the server sent more bytes than there should be'));
  });

  it('takes no more than was announced, and does not take less for the whole', async () => {
    const more = await start((request) => { request.socket.end('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello and more'); });
    expect(String(await download(more))).toBe('hello');
    const less = await start((request) => { request.socket.end('HTTP/1.1 200 OK\r\nContent-Length: 50\r\nETag: "a"\r\n\r\nhello'); });
    await expect(download(less, { retries: 2 })).rejects.toMatchObject(told(less, anew));
  });

  it('does not go on for ever with a server that sends parts of nothing', async () => {
    const origin = await start((request, response) => {
      if (startOf(request) === 0) return serving(image, () => 10)(request, response);
      response.writeHead(206, { etag, 'content-length': 0, 'content-range': `bytes ${startOf(request)}-299999/300000` }).end();
      return undefined;
    });
    await expect(download(origin, { retries: 4 })).rejects.toMatchObject(told(origin, 'the server sent less than it announced'));
    expect(origin.requests.length).toBeLessThan(7);
  });

  it('refuses a bomb that unpacks on its way', async () => {
    const origin = await start((_, response) => { response.writeHead(200, { 'content-encoding': 'gzip' }).end(Buffer.alloc(100)); });
    await expect(download(origin)).rejects.toMatchObject(told(origin, 'the server insists on packing the file on its way'));
  });
});

describe('A download that was redirected', () => {
  const file = serving(image, (nth) => (nth === 0 ? 1000 : Infinity));

  it('goes on at the mirror that it was sent to', async () => {
    const mirror = await start(file);
    const origin = await start((_, response) => { response.writeHead(302, { location: `http://mirror.example:${mirror.port}/b.img` }).end(); });
    expect(sha256(await download(origin, { headers: { 'x-auth-token': 'secret' } }))).toBe(sha256(image));
    expect([origin.requests.length, mirror.requests.length]).toEqual([1, 2]);
    expect(mirror.requests.map(({ headers }) => headers['x-auth-token'])).toEqual([undefined, undefined]);
    expect(origin.requests[0]?.headers['x-auth-token']).toBe('secret');
  });

  it('asks the origin again when the mirror does not give the file any more', async () => {
    let answers = 0;
    const mirror = await start((request, response) => { if (answers++ === 1) response.writeHead(403).end(); else serving(image, () => (answers === 1 ? 1000 : Infinity))(request, response); });
    const origin = await start((_, response) => { response.writeHead(302, { location: `http://mirror.example:${mirror.port}/b.img` }).end(); });
    expect(sha256(await download(origin))).toBe(sha256(image));
    expect([origin.requests.length, mirror.requests.length]).toEqual([2, 3]);
  });

  it('asks the origin again when the mirror has failed twice', async () => {
    const mirrors = [await start(serving(image, () => 1000)), await start(serving(image))];
    let redirects = 0;
    const origin = await start((_, response) => { response.writeHead(302, { location: `http://mirror.example:${mirrors[redirects++]?.port ?? 0}/b.img` }).end(); });
    expect(sha256(await download(origin))).toBe(sha256(image));
    expect(mirrors.map(({ requests }) => requests.length)).toEqual([2, 1]);
  });

  it('is looked up and judged anew when it goes on', async () => {
    const origin = await start(file);
    let lookUps = 0;
    const resolve = async () => (lookUps++ < 1 ? ['127.0.0.1'] : ['10.0.0.1']);
    const again = await start(serving(image, () => 1000));
    await expect(download(again, { resolve })).rejects.toMatchObject({ code: 'UriNotAllowed' });
    expect([again.requests.length, origin.requests.length, lookUps]).toEqual([1, 0, 2]);
  });
});

async function eventually(isSo: () => boolean): Promise<void> {
  for (let tries = 0; tries < 200 && !isSo(); tries += 1) await new Promise((resolve) => { setTimeout(resolve, 10); });
}

describe('A download of bytes that never change', () => {
  const immutable = (file: Buffer, cutAfter?: (nth: number) => number): RequestListener => (request, response) => {
    const offset = startOf(request);
    response.writeHead(request.headers.range ? 206 : 200, {
      'content-length': file.length - offset, ...(request.headers.range ? { 'content-range': `bytes ${offset}-${file.length - 1}/${file.length}` } : {}),
    });
    cutOff(response, file.subarray(offset), cutAfter?.(offset) ?? Infinity);
  };

  it('goes on where the link broke though the server gives no ETag', async () => {
    const origin = await start(immutable(image, (offset) => (offset === 0 ? 100_000 : Infinity)));
    expect(sha256(await download(origin, { isImmutable: true }))).toBe(sha256(image));
    expect(origin.requests.map(({ headers }) => [startOf({ headers } as IncomingMessage), headers['if-range']])).toEqual([[0, undefined], [100_000, undefined]]);
  });

  it('begins where somebody else has stopped, and goes on from there', async () => {
    const origin = await start(immutable(image, (offset) => (offset === 200_000 ? 50_000 : Infinity)));
    const received: number[] = [];
    const rest = await download(origin, { isImmutable: true, startAt: 200_000, onReceived: ({ receivedBytes }) => received.push(receivedBytes) });
    expect(sha256(rest)).toBe(sha256(image.subarray(200_000)));
    expect(received.at(-1)).toBe(image.length);
    expect(origin.requests.map(startOf)).toEqual([200_000, 250_000]);
  });

  it('fails where the rest is not the rest of a file of the expected size', async () => {
    const origin = await start(immutable(image));
    await expect(download(origin, { isImmutable: true, startAt: 200_000, expectedSizeBytes: 300_001 })).rejects
      .toMatchObject(told(origin, 'the server has 300000 bytes where 300001 were expected'));
  });
});

describe('A refusal that the caller understands', () => {
  it('is told in his words, and is final', async () => {
    const origin = await start((_, response) => { response.writeHead(503, { 'x-why': 'closed' }).end(); });
    const refusalOf: DownloadOptions['refusalOf'] = ({ statusCode, headers }) => new Problem('InvalidRequest', { detail: `${statusCode} ${String(headers['x-why'])}` });
    await expect(download(origin, { refusalOf })).rejects.toMatchObject({ code: 'InvalidRequest', params: { detail: '503 closed' } });
    expect(origin.requests).toHaveLength(1);
  });

  it('in mid-download ends it', async () => {
    const origin = await start((request, response) => {
      if (request.headers.range) return void response.writeHead(401).end();
      response.writeHead(200, { 'content-length': image.length, etag });
      return cutOff(response, image, 100_000);
    });
    const refusalOf: DownloadOptions['refusalOf'] = ({ statusCode }) => (statusCode === 401 ? new Problem('NotAuthenticated') : undefined);
    await expect(download(origin, { refusalOf })).rejects.toMatchObject({ code: 'NotAuthenticated' });
  });
});
