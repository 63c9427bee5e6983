import { evolveImage, noImage, type ImageEvent, type ImageState } from '#libs/domain';
import { removalsFor } from './removals.js';

const at = new Date(0);
const image = (...events: ImageEvent[]): ImageState => [
  { type: 'ImageCreated', data: { visibility: 'private', tags: [], properties: {} } } as const, ...events,
].reduce<ImageState>((state, event) => evolveImage(state, event, at), noImage());
const started = (attemptId: string): ImageEvent => ({ type: 'ImageDataUploadStarted', data: { attemptId, storeId: 'fast' } });
const failed = (attemptId: string): ImageEvent => ({ type: 'ImageDataUploadFailed', data: { attemptId, reason: 'interrupted' } });
const candidate = (imageId: string, attemptId: string, storeId = 'fast') => ({ imageId, attemptId, storeId });

async function removals(images: Record<string, ImageState | Error>, candidates: ReturnType<typeof candidate>[], question: unknown = { limit: 100 }) {
  const unreadable: string[] = [];
  const answer = await removalsFor(question, {
    candidates: (limit, storeIds) => Promise.resolve(candidates.filter(({ storeId }) => storeIds?.includes(storeId) ?? true).slice(0, limit)),
    imageFromLeader: (imageId) => {
      const found = images[imageId];
      return found instanceof Error ? Promise.reject(found) : Promise.resolve(found ?? noImage());
    },
    onUnreadable: (imageId) => unreadable.push(imageId),
  });
  return { ...answer, unreadable };
}

describe('Bytes that may be removed', () => {
  it('are those of attempts that the log itself shows to be over', async () => {
    const images = { i: image(started('a'), failed('a'), started('b')) };
    expect(await removals(images, [candidate('i', 'a'), candidate('i', 'b')])).toMatchObject({ removals: [candidate('i', 'a')] });
  });

  it('are those of a deleted image', async () => {
    const images = { i: image(started('a'), { type: 'ImageDeleted', data: {} }) };
    expect(await removals(images, [candidate('i', 'a')])).toMatchObject({ removals: [candidate('i', 'a')] });
  });

  it('are not those that the log does not know, in this store or at all', async () => {
    const images = { i: image(started('a'), failed('a')) };
    expect(await removals(images, [candidate('i', 'a', 'far'), candidate('i', 'x'), candidate('nowhere', 'a')])).toMatchObject({ removals: [] });
  });

  it('are not those of an image whose history cannot be read; the others are', async () => {
    const images = { i: new Error('broken'), j: image(started('a'), failed('a')) };
    expect(await removals(images, [candidate('i', 'a'), candidate('j', 'a')])).toEqual({ removals: [candidate('j', 'a')], unreadable: ['i'] });
  });

  it('are those in the stores that the asker can reach', async () => {
    const images = { i: image(started('a'), failed('a')) };
    expect(await removals(images, [candidate('i', 'a')], { limit: 1, storeIds: ['far'] })).toMatchObject({ removals: [] });
    expect(await removals(images, [candidate('i', 'a')], { limit: 1, storeIds: ['far', 'fast'] })).toMatchObject({ removals: [candidate('i', 'a')] });
  });

  it('are never asked for without a bound', async () => {
    await expect(removals({}, [], { limit: -1 })).rejects.toMatchObject({ code: 'InvalidRequest' });
    const many = Array.from({ length: 600 }, (_, index) => candidate('j', `a${index}`));
    const all = image(...many.flatMap(({ attemptId }) => [started(attemptId), failed(attemptId)]));
    expect((await removals({ j: all }, many, { limit: 1_000_000 })).removals).toHaveLength(500);
  });
});
