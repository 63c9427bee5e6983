import { createHash } from 'node:crypto';
import { hashThreads, isOsHashAlgo, osHashAlgos, type HashThreads } from './hashing.js';
import { slabPool } from './slabs.js';

describe('Hashing threads', () => {
  let threads: HashThreads;
  beforeEach(() => { threads = hashThreads(2); });
  afterEach(() => threads.close());
  const pool = slabPool(8);

  it('give what node:crypto gives, for every algorithm that may be configured', async () => {
    const slab = await pool.take();
    slab.bytes.fill(7);
    for (const [at, hash] of threads.start(osHashAlgos).entries()) {
      await hash.update(slab, 1000);
      await hash.update(slab, 234);
      expect(await hash.digest()).toBe(createHash(nodeName(osHashAlgos[at]!)).update(Buffer.alloc(1234, 7)).digest('hex'));
    }
    pool.give(slab);
  });

  it('keep many hashes apart that run at once', async () => {
    const running = Array.from({ length: 20 }, (_, at) => ({ at, hash: threads.start(['sha256'])[0]! }));
    const slab = await pool.take();
    slab.bytes.fill(1);
    const digests = await Promise.all(running.map(async ({ at, hash }) => {
      for (let time = 0; time < at; time += 1) await hash.update(slab, 10);
      return hash.digest();
    }));
    expect(digests).toEqual(running.map(({ at }) => createHash('sha256').update(Buffer.alloc(at * 10, 1)).digest('hex')));
  });

  it('answer the hash of nothing', async () => {
    const [md5] = threads.start(['md5']);
    expect(await md5!.digest()).toBe('d41d8cd98f00b204e9800998ecf8427e');
  });

  it('fail what they were hashing when they die, and are replaced', async () => {
    const [md5] = threads.start(['md5']);
    const slab = await pool.take();
    const outcome = md5!.update(slab, slab.bytes.byteLength).then(() => md5!.digest()).catch((error: unknown) => String(error));
    await threads.close();
    expect(await outcome).toContain('hashing thread ended');
    expect(await threads.start(['md5'])[0]!.digest()).toBe('d41d8cd98f00b204e9800998ecf8427e');
  });

  it('know which names may be configured', () => {
    expect(isOsHashAlgo('sha512')).toBe(true);
    expect(isOsHashAlgo('crc32')).toBe(false);
    expect(isOsHashAlgo('toString')).toBe(false);
  });
});

/** Python's names in Node's words, said again here so that a slip in the table shows. */
const nodeName = (name: string): string =>
  ({ blake2b: 'blake2b512', blake2s: 'blake2s256' })[name] ?? name.replace('sha3_', 'sha3-');
