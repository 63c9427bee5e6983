import { PassThrough, Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { eachChunk, type ByteSource } from './each-chunk.js';

describe('Taking each chunk of a source', () => {
  const never = new AbortController().signal;
  const chunks = ['one', 'two', 'three'].map((word) => Buffer.from(word));
  async function* generated(): AsyncGenerator<Uint8Array> {
    yield* await Promise.resolve(chunks);
  }
  const sources: [string, () => ByteSource][] = [['a stream', () => Readable.from(chunks)], ['a generator', generated]];

  describe.each(sources)('%s', (_, open) => {
    it('gives all of them in order', async () => {
      const seen: string[] = [];
      await eachChunk(open(), never, (chunk) => { seen.push(Buffer.from(chunk).toString()); return undefined; });
      expect(seen).toEqual(['one', 'two', 'three']);
    });

    it('gives the next one when the last one is taken, and ends when all are', async () => {
      const seen: string[] = [];
      let taking = 0;
      await eachChunk(open(), never, async (chunk) => {
        taking += 1;
        expect(taking).toBe(1);
        await pause(10);
        taking -= 1;
        seen.push(Buffer.from(chunk).toString());
      });
      expect(seen).toEqual(['one', 'two', 'three']);
    });

    it('ends with what is thrown at a chunk, at once or later', async () => {
      await expect(eachChunk(open(), never, () => { throw new Error('not this one'); })).rejects.toThrow('not this one');
      await expect(eachChunk(open(), never, () => Promise.reject(new Error('nor this one')))).rejects.toThrow('nor this one');
    });

    it('ends with the reason of the signal, also while a chunk is being taken', async () => {
      await expect(eachChunk(open(), AbortSignal.abort(new Error('before')), () => undefined)).rejects.toThrow('before');
      const stop = new AbortController();
      const taking = eachChunk(open(), stop.signal, () => new Promise(() => {}));
      setTimeout(() => { stop.abort(new Error('meanwhile')); }, 10);
      await expect(taking).rejects.toThrow('meanwhile');
    });
  });

  it('leaves a stream open and takes nothing more from it after a refusal', async () => {
    const source = new PassThrough();
    source.write('one');
    await expect(eachChunk(source, never, () => { throw new Error('refused'); })).rejects.toThrow('refused');
    source.write('two');
    await pause(5);
    expect([source.destroyed, source.readableLength]).toEqual([false, 3]);
    expect(['data', 'end', 'error', 'close'].filter((name) => source.listenerCount(name) > 0)).toEqual([]);
  });

  it('says so when a stream is closed before its end, also one that was closed before', async () => {
    const source = new PassThrough();
    source.write('one');
    const taking = eachChunk(source, never, () => undefined);
    setTimeout(() => source.destroy(), 10);
    await expect(taking).rejects.toMatchObject({ code: 'ERR_STREAM_PREMATURE_CLOSE' });
    await expect(eachChunk(source, never, () => undefined)).rejects.toMatchObject({ code: 'ERR_STREAM_PREMATURE_CLOSE' });
  });

  it('tells what a stream broke of', async () => {
    const source = new PassThrough();
    setTimeout(() => source.destroy(new Error('the cable')), 10);
    await expect(eachChunk(source, never, () => undefined)).rejects.toThrow('the cable');
    await expect(eachChunk(source, never, () => undefined)).rejects.toThrow('the cable');
  });

  it('ends at once where a stream has ended before', async () => {
    const source = Readable.from([]);
    source.resume();
    await pause(5);
    await eachChunk(source, never, () => { throw new Error('There is nothing.'); });
  });
});
