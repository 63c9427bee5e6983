import { randomUUID } from 'node:crypto';
import type { StoredImage } from '#libs/contracts';
import { Problem, type Image, type ImageCommand } from '#libs/domain';
import { memoryStore, type ByteRange, type DataKey, type Store, type Stores } from '#libs/stores';
import { rescanImages, type Rescanned, type RescanOptions, type RescanParts } from './rescan.js';

const flat = Buffer.from('# Disk DescriptorFile\ncreateType="monolithicFlat"\nRW 1 FLAT "/etc/passwd" 0\n');
const formats = { vmdkAllowedTypes: ['streamOptimized', 'monolithicSparse'], requireFormatMatch: true, gptSafetyChecksNonfatal: [] };

async function aRegion(...images: { bytes: Buffer; known?: StoredImage['copies'][number]['inspection']; containerFormat?: string; status?: Image['status'] }[]) {
  const ranges: ByteRange[] = [];
  const inner = memoryStore('fast', {});
  const store: Store = { ...inner, read: (key, range) => { if (range) ranges.push(range); return inner.read(key, range); } };
  const stores: Stores = { all: new Map([['fast', store]]), default: store, get: () => store, byWeight: () => [store] };
  const stored: StoredImage[] = [];
  for (const [at, { bytes, known, containerFormat = 'bare', status = 'active' }] of images.entries()) {
    const key: DataKey = { imageId: `00000000-0000-4000-8000-00000000000${at}`, attemptId: randomUUID(), storeId: 'fast' };
    const writer = await store.create(key);
    await writer.write(bytes);
    await writer.commit();
    stored.push({
      imageId: key.imageId, status, diskFormat: 'raw', containerFormat, data: { sizeBytes: bytes.length, checksum: '', osHashAlgo: 'sha512', osHashValue: '' },
      copies: [{ attemptId: key.attemptId, storeId: 'fast', ...(known ? { inspection: known } : {}) }],
    });
  }
  const sent: [number, ImageCommand][] = [];
  const parts: RescanParts = {
    stores, formats,
    askStored: ({ limit, after = '' }) => Promise.resolve({ images: stored.filter(({ imageId }) => imageId > after).slice(0, limit) }),
    send: (imageId, command) => {
      sent.push([stored.findIndex((image) => image.imageId === imageId), command]);
      return Promise.resolve({} as Image);
    },
  };
  return {
    parts, sent, ranges, stored, store,
    async rescan(options: Partial<RescanOptions> = {}): Promise<Rescanned[]> {
      const found: Rescanned[] = [];
      for await (const each of rescanImages(parts, { bytesPerSecond: 1e9, signal: new AbortController().signal, isDryRun: false, deactivates: false, ...options })) found.push(each);
      return found;
    },
  };
}

describe('A rescan of stored images', () => {
  it('records what a rule of today finds, and says that the image would be refused', async () => {
    const { rescan, sent, stored } = await aRegion({ bytes: flat, known: { format: 'raw', findings: [] } }, { bytes: Buffer.alloc(4096), known: { format: 'raw', virtualSizeBytes: 4096, findings: [] } });
    const found = await rescan();
    expect(found).toMatchObject([
      { found: 'something new', rules: ['vmdk.create_type', 'vmdk.extent'], refusal: expect.stringContaining('vmdk.create_type: monolithicFlat') as string, done: 'recorded' },
      { found: 'what was known', rules: [], done: 'nothing' },
    ]);
    expect(sent).toMatchObject([[0, { type: 'RecordDataInspection', attemptId: stored[0]?.copies[0]?.attemptId, inspection: { format: 'vmdk', findings: [{ rule: 'vmdk.create_type' }, { rule: 'vmdk.extent' }] } }]]);
  });

  it('writes of several copies of the same bytes no more than one, where nothing was known', async () => {
    const { rescan, sent, stored } = await aRegion({ bytes: flat }, { bytes: flat, known: { format: 'raw', findings: [] } });
    for (const [at, image] of stored.entries()) stored[at] = { ...image, copies: [...image.copies, { attemptId: randomUUID(), storeId: 'far' }] };
    expect((await rescan()).map(({ found }) => found)).toEqual(['something new', 'something new']);
    expect(sent.map(([at, command]) => [at, (command as { attemptId: string }).attemptId])).toEqual([[0, stored[0]?.copies[0]?.attemptId], [1, stored[1]?.copies[0]?.attemptId]]);
  });

  it('deactivates what would be refused, where it is told to and the image is active', async () => {
    const { rescan, sent } = await aRegion({ bytes: flat }, { bytes: flat, status: 'deactivated' });
    expect((await rescan({ deactivates: true })).map(({ done }) => done)).toEqual(['deactivated', 'recorded']);
    expect(sent.map(([at, { type }]) => [at, type])).toEqual([[0, 'RecordDataInspection'], [0, 'DeactivateImage'], [1, 'RecordDataInspection']]);
  });

  it('writes nothing in a dry run', async () => {
    const { rescan, sent } = await aRegion({ bytes: flat });
    expect(await rescan({ isDryRun: true, deactivates: true })).toMatchObject([{ found: 'something new', done: 'nothing' }]);
    expect(sent).toEqual([]);
  });

  it('passes over what is not inspected on its way in either', async () => {
    const { rescan } = await aRegion({ bytes: flat, containerFormat: 'ova' });
    expect(await rescan()).toEqual([]);
  });

  it('reads the headers and the end of a large image, and finds what it would find in the whole', async () => {
    const { rescan, ranges } = await aRegion({ bytes: Buffer.alloc(64 * 1024 * 1024) });
    expect(await rescan()).toMatchObject([{ found: 'something new', rules: [] }]);
    const [first, second] = ranges;
    expect([first?.start, ranges.length, (second?.end ?? 0) - (second?.start ?? 0) + 1]).toEqual([0, 2, 1536]);
  });

  it('goes on after an image', async () => {
    const { rescan, stored } = await aRegion({ bytes: flat }, { bytes: flat }, { bytes: flat });
    expect((await rescan({ after: stored[0]?.imageId ?? '' })).map(({ imageId }) => imageId)).toEqual([stored[1]?.imageId, stored[2]?.imageId]);
  });

  it('says of what it cannot read that it cannot, and goes on', async () => {
    const { rescan, store, stored } = await aRegion({ bytes: flat }, { bytes: flat });
    await store.remove({ imageId: stored[0]?.imageId ?? '', attemptId: stored[0]?.copies[0]?.attemptId ?? '', storeId: 'fast' });
    expect((await rescan()).map(({ found }) => found)).toEqual(['unreadable', 'something new']);
  });

  it('passes over an image that was deleted meanwhile', async () => {
    const { parts, stored } = await aRegion({ bytes: flat });
    const found: Rescanned[] = [];
    const gone: RescanParts = { ...parts, send: () => Promise.reject(new Problem('ImageNotFound', { imageId: stored[0]?.imageId ?? '' })) };
    for await (const each of rescanImages(gone, { bytesPerSecond: 1e9, signal: new AbortController().signal, isDryRun: false, deactivates: false })) found.push(each);
    expect(found).toMatchObject([{ found: 'gone', done: 'nothing' }]);
  });
});
