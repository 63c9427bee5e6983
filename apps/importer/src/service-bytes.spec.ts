import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Problem } from '#libs/domain';
import { openFirst, openServiceBytes } from './service-bytes.js';

const bytes = Buffer.from('a hundred bytes, more or less, that another service of ours keeps for whoever has a capability for it');
let server: Server;
let answers: ((request: IncomingMessage, response: ServerResponse) => void)[];
let asked: string[];
beforeEach(async () => {
  [answers, asked] = [[], []];
  server = createServer((request, response) => {
    asked.push(`${request.url} ${request.headers.range ?? ''}`.trim());
    (answers.shift() ?? give)(request, response);
  });
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
});
afterEach(() => new Promise<void>((resolve) => {
  server.close(() => { resolve(); });
  server.closeAllConnections();
}));

function give({ headers }: IncomingMessage, response: ServerResponse): void {
  const from = Number(/^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1] ?? 0);
  response.writeHead(from > 0 ? 206 : 200, { 'content-length': String(bytes.length - from) }).end(bytes.subarray(from));
}

const open = (signal = new AbortController().signal) => {
  let capabilities = 0;
  const url = (): string => { capabilities += 1; return `http://127.0.0.1:${(server.address() as AddressInfo).port}/transfers/capability-${capabilities}`; };
  return openServiceBytes({ url, what: 'The staging area', signal });
};

async function all(source: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of source) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

async function refusalOf(promise: Promise<unknown>): Promise<Error> {
  try {
    await promise;
  } catch (error) {
    return error as Error;
  }
  throw new Error('it was not refused');
}

describe('Bytes that another service holds', () => {
  it('come as they are, with their size', async () => {
    const { sizeBytes, bytes: source } = await open();
    expect([sizeBytes, await all(source)]).toEqual([bytes.length, bytes.toString()]);
  });

  it('go on where the connection broke, under a capability that was just signed', async () => {
    answers.push((_, response) => {
      response.writeHead(200, { 'content-length': String(bytes.length) });
      response.write(bytes.subarray(0, 40), () => { setTimeout(() => { response.destroy(); }, 100); });
    });
    expect(await all((await open()).bytes)).toBe(bytes.toString());
    expect(asked).toEqual(['/transfers/capability-1', '/transfers/capability-2 bytes=40-']);
  });

  it('are waited for while the service is away', async () => {
    answers.push((_, response) => { response.destroy(); });
    answers.push((_, response) => { response.writeHead(503).end(JSON.stringify({ problem: { code: 'Unavailable', params: { what: 'The staging area', seconds: 5 } } })); });
    expect(await all((await open()).bytes)).toBe(bytes.toString());
    expect(asked).toHaveLength(3);
  });

  it('are refused as the service refuses them', async () => {
    answers.push((_, response) => { response.writeHead(404).end(JSON.stringify({ problem: { code: 'ImageDataNotFound', params: { imageId: 'x', storeId: 'staging' } } })); });
    expect(await refusalOf(open())).toMatchObject({ code: 'ImageDataNotFound', params: { storeId: 'staging' } } satisfies Partial<Problem>);
  });

  it('never tell the capability, whatever else is wrong', async () => {
    answers.push((_, response) => { response.writeHead(418).end('capability-1'); });
    const error = await refusalOf(open());
    expect(error.message).toBe('The staging area answered with 418 where 200 was due');
  });

  it('end at once when nobody wants them any more', async () => {
    answers.push((_, response) => { response.writeHead(200, { 'content-length': '1000' }).write('a'); });
    const stop = new AbortController();
    const { bytes: source } = await open(stop.signal);
    const reading = refusalOf(all(source));
    stop.abort(new Error('enough'));
    expect((await reading).message).toBe('enough');
  });

  describe('of which one of several has them', () => {
    const none = (_: IncomingMessage, response: ServerResponse): void => void response.writeHead(404).end(JSON.stringify({ problem: { code: 'ImageDataNotFound', params: { imageId: 'x', storeId: 'staging' } } }));
    const place = (name: string, port = (server.address() as AddressInfo).port) => ({ url: () => `http://127.0.0.1:${port}/${name}`, what: 'The staging area', signal: new AbortController().signal });

    it('come from the one that has them', async () => {
      answers.push(none);
      expect(await all((await openFirst([place('one'), place('two')])).bytes)).toBe(bytes.toString());
      expect(asked).toEqual(['/one', '/two']);
    });

    it('are waited for where the one that has them is away, and the others are not asked again', async () => {
      answers.push((_, response) => { response.destroy(); }, none);
      expect(await all((await openFirst([place('one'), place('two')])).bytes)).toBe(bytes.toString());
      expect(asked).toEqual(['/one', '/two', '/one']);
    });

    it('are refused where none has them', async () => {
      answers.push(none, none);
      expect(await refusalOf(openFirst([place('one'), place('two')]))).toMatchObject({ code: 'ImageDataNotFound' });
    });
  });
});
