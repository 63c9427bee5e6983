import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileCheckpoints, follow, httpSource, memoryCheckpoints, Refused, type Delivery, type ImageEvent, type Source } from './index.js';

const event = (number: number): ImageEvent => ({ id: `${number}-0`, type: 'ImageCreated', subject: `image ${number}`, data: { status: 'queued', changes: [] } } as unknown as ImageEvent);

/** A source with so many events, that breaks after each `every`. */
function aSource(count: number, every = Number.MAX_SAFE_INTEGER): Source & { readonly asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    async* from(position): AsyncGenerator<Delivery> {
      asked.push(position);
      const begin = position === 'beginning' ? 0 : Number.parseInt(position, 10);
      for (let number = begin + 1; number <= count; number += 1) {
        if (number > begin + every) throw new Error('the connection broke');
        yield await Promise.resolve({ event: event(number), position: `${number}-0` });
      }
    },
  };
}

/** Follows until so many were handled. */
async function collect(source: Source, count: number, options: Partial<Parameters<typeof follow>[0]> = {}): Promise<string[]> {
  const stop = new AbortController();
  const seen: string[] = [];
  await follow({ source, checkpoints: memoryCheckpoints(), signal: stop.signal, ...options }, ({ id }) => {
    seen.push(id);
    if (seen.length >= count) stop.abort();
  });
  return seen;
}

describe('follow', () => {
  it('hands out every event in its order, and begins again where a connection broke', async () => {
    const source = aSource(5, 2);
    const troubles: unknown[] = [];
    expect(await collect(source, 5, { onTrouble: (error) => troubles.push(error) })).toEqual(['1-0', '2-0', '3-0', '4-0', '5-0']);
    expect(source.asked).toEqual(['beginning', '2-0', '4-0']);
    expect(troubles).toHaveLength(2);
  });

  it('goes on from its checkpoint, which is written when the event was handled and not before', async () => {
    const checkpoints = memoryCheckpoints('3-0');
    expect(await collect(aSource(5), 2, { checkpoints })).toEqual(['4-0', '5-0']);
    const failing = memoryCheckpoints();
    await expect(follow({ source: aSource(5), checkpoints: failing }, ({ id }) => { if (id === '3-0') throw new Error('the disk is full'); })).rejects.toThrow('the disk is full');
    expect(await failing.read()).toBe('2-0');
  });

  it('gives up where the source refuses for good', async () => {
    const source: Source = { from: () => { throw new Refused('no such feed'); } };
    await expect(collect(source, 1)).rejects.toThrow('no such feed');
    const later: Source = { async* from(): AsyncGenerator<Delivery> { await Promise.resolve(); throw new Refused('not allowed'); } };
    await expect(collect(later, 1)).rejects.toThrow('not allowed');
  });
});

describe('Checkpoints in a file', () => {
  it('are found again, and there are none at first', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'heliograph-events-'));
    const checkpoints = fileCheckpoints(join(dir, 'position'));
    expect(await checkpoints.read()).toBeUndefined();
    await checkpoints.write('7-0');
    await checkpoints.write('8-0');
    expect([await fileCheckpoints(join(dir, 'position')).read(), await readFile(join(dir, 'position'), 'utf8')]).toEqual(['8-0', '8-0\n']);
    await rm(dir, { recursive: true });
  });
});

describe('The source over HTTP', () => {
  let answer: (request: IncomingMessage, response: ServerResponse) => void;
  const server = createServer((request, response) => { answer(request, response); });
  let url: string;
  beforeAll(async () => {
    await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v2`;
  });
  afterAll(() => { server.closeAllConnections(); server.close(); });

  it('reads pages until there are no more, then listens, and takes what comes in pieces', async () => {
    const asked: string[] = [];
    answer = (request, response) => {
      asked.push(`${request.url ?? ''} ${request.headers['last-event-id'] ?? ''}`.trim());
      const after = new URL(request.url ?? '', url).searchParams.get('after');
      if (request.headers.accept !== 'text/event-stream') {
        return void response.end(JSON.stringify(after === null ? { events: [event(1), event(2)], cursor: '2-0', next: 'more' } : { events: [], cursor: '9-0' }));
      }
      const text = `: hello\n\nid: 10-0\nevent: ImageCreated\ndata: ${JSON.stringify(event(10))}\n\nid: 11-0\ndata: ${JSON.stringify(event(11))}\n\n`;
      response.write(text.slice(0, 60));
      setTimeout(() => response.write(text.slice(60)), 20);
      return undefined;
    };
    expect(await collect(httpSource({ url, token: () => Promise.resolve('t'), query: { type: 'ImageCreated' } }), 4)).toEqual(['1-0', '2-0', '10-0', '11-0']);
    expect(asked).toEqual(['/v2/events?type=ImageCreated&limit=1000', '/v2/events?type=ImageCreated&limit=1000&after=2-0', '/v2/events?type=ImageCreated 9-0']);
  });

  it('takes a silent connection for dead, and asks again', async () => {
    let streams = 0;
    answer = (request, response) => {
      if (request.headers.accept !== 'text/event-stream') return void response.end(JSON.stringify({ events: [], cursor: '1-0' }));
      streams += 1;
      response.write(streams === 1 ? ': hello\n\n' : `id: 2-0\ndata: ${JSON.stringify(event(2))}\n\n`);
      return undefined;
    };
    const troubles: string[] = [];
    expect(await collect(httpSource({ url, token: () => Promise.resolve('t'), silenceMs: 200 }), 1, { onTrouble: (error) => troubles.push(String(error)) })).toEqual(['2-0']);
    expect(troubles.join()).toContain('nothing was heard for 200 ms');
  });

  it.each([[403, true], [400, true], [401, false], [429, false], [503, false]])('after a %i gives up: %s', async (status, givesUp) => {
    answer = (_, response) => void response.writeHead(status).end('no');
    const troubles: unknown[] = [];
    const stop = new AbortController();
    const following = follow({ source: httpSource({ url, token: () => Promise.resolve('t') }), checkpoints: memoryCheckpoints(), signal: stop.signal, onTrouble: (error) => { troubles.push(error); stop.abort(); } }, () => undefined);
    if (givesUp) await expect(following).rejects.toThrow(Refused);
    else await following;
    expect(troubles).toHaveLength(givesUp ? 0 : 1);
  });
});
