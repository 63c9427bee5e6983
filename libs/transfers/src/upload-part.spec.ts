import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Problem } from '#libs/domain';
import { fileStore, type DataKey, type UnfinishedData } from '#libs/stores';
import { turns } from './turns.js';
import { appendPart, type AppendedPart } from './upload-part.js';

let dir: string;
let unfinished: UnfinishedData;
const key: DataKey = { imageId: randomUUID(), attemptId: randomUUID(), storeId: 'staging' };
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'heliograph-part-'));
  unfinished = (await fileStore('staging', { dataDir: dir })).unfinished!;
  await unfinished.note(key, '{}');
});
afterEach(() => rm(dir, { recursive: true }));

const bytes = randomBytes(2_500_000);
async function* chunksOf(data: Uint8Array, end?: Error): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < data.length; at += 65_536) yield data.subarray(at, at + 65_536);
  if (end) throw end;
}
const append = (source: AsyncIterable<Uint8Array>, more: Partial<AppendedPart> = {}) =>
  appendPart(unfinished, key, source, { part: 'whole', at: 0, signal: new AbortController().signal, onProgress: () => {}, ...more });
const size = async () => (await unfinished.partsOf(key)).get('whole');
const reset = Object.assign(new Error('reset'), { code: 'ECONNRESET' });
const sha1 = (data: Uint8Array) => ({ algorithm: 'sha1', value: createHash('sha1').update(data).digest('base64') }) as const;

describe('A part of an upload', () => {
  it('is appended, and its progress is told with every chunk', async () => {
    const told: number[] = [];
    expect(await append(chunksOf(bytes), { onProgress: (each) => { told.push(each); return undefined; } })).toBe(bytes.length);
    expect(told.at(-1)).toBe(bytes.length);
    expect(told).toEqual(told.toSorted((one, other) => one - other));
  });

  it('keeps every byte that arrived before the connection broke', async () => {
    await expect(append(chunksOf(bytes, reset))).rejects.toMatchObject({ code: 'UploadPaused' });
    expect(await size()).toBe(bytes.length);
  });

  it('keeps every byte that arrived before another request took its place', async () => {
    const stop = new AbortController();
    async function* hanging(): AsyncGenerator<Uint8Array> {
      yield bytes;
      await new Promise(() => {});
    }
    let arrived = (): void => {};
    const all = new Promise<void>((resolve) => { arrived = resolve; });
    const appending = append(hanging(), { signal: stop.signal, onProgress: () => { arrived(); } });
    await all;
    stop.abort(new Problem('UploadPaused'));
    await expect(appending).rejects.toMatchObject({ code: 'UploadPaused' });
    expect(await size()).toBe(bytes.length);
  });

  it('keeps nothing that goes beyond what was announced, or that is refused while it arrives', async () => {
    await expect(append(chunksOf(bytes), { totalBytes: bytes.length - 1 })).rejects.toMatchObject({ code: 'SizeMismatch' });
    expect(await size()).toBe(0);
    await expect(append(chunksOf(bytes), { onProgress() { throw new Problem('ImageTooLarge', { limitBytes: 1 }); } })).rejects.toMatchObject({ code: 'ImageTooLarge' });
    expect(await size()).toBe(0);
  });

  it('is kept with the right checksum, and neither with a wrong one nor where the connection broke before it could be told', async () => {
    await expect(append(chunksOf(bytes), { checksum: sha1(bytes.subarray(1)) })).rejects.toMatchObject({ code: 'ChecksumMismatch' });
    await expect(append(chunksOf(bytes, reset), { checksum: sha1(bytes) })).rejects.toMatchObject({ code: 'UploadPaused' });
    expect(await size()).toBe(0);
    expect(await append(chunksOf(bytes), { checksum: sha1(bytes) })).toBe(bytes.length);
  });
});

describe('Turns', () => {
  it('end what goes on under the same name, wait for it, and leave others alone', async () => {
    const taken = turns();
    const seen: string[] = [];
    const until = (name: string) => (signal: AbortSignal) => new Promise<void>((resolve) => {
      seen.push(`${name} begins`);
      signal.addEventListener('abort', () => { setTimeout(() => { seen.push(`${name} ends`); resolve(); }, 20); });
    });
    const ends = () => new Error('another turn');
    void taken.take('b', ends, until('other'));
    void taken.take('a', ends, until('first'));
    await Promise.all([taken.take('a', ends, async () => { seen.push('second'); }), taken.take('a', ends, async () => { seen.push('third'); })]);
    expect(seen).toEqual(['other begins', 'first begins', 'first ends', 'second', 'third']);
    expect([taken.isBusy('a'), taken.isBusy('b')]).toEqual([false, true]);
  });

  it('go on after one that failed', async () => {
    const taken = turns();
    await expect(taken.take('a', () => new Error('x'), () => Promise.reject(new Error('failed')))).rejects.toThrow('failed');
    expect(await taken.take('a', () => new Error('x'), async () => 'well')).toBe('well');
  });
});
