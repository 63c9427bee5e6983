import { openAccess } from '#libs/contracts';
import { Problem, type Image, type ImageCommand } from '#libs/domain';
import type { SealedTokenDrop } from '#libs/event-log';
import type { Caller } from '#libs/identity';
import type { Request } from '../edge/request.js';
import { copiesQuestion, leavingObjectTokens, leavingTokens } from './regions.room.js';

const importId = '22222222-2222-4333-8444-555555555555';
const sourceImageId = '11111111-2222-4333-8444-555555555555';
const sealKey = 's'.repeat(32);
const expiresAt = new Date('2100-01-01');
const command: Extract<ImageCommand, { type: 'RequestImageImport' }> = {
  type: 'RequestImageImport', importId, method: 'glance-download', storeIds: ['fast'], allStoresMustSucceed: true, skipsPresent: false, sourceRegion: 'RegionOne', sourceImageId, sourceInterface: 'public',
};
const caller = { expiresAt, catalog: [{ type: 'image', name: 'glance', endpoints: [{ region: 'RegionOne', interface: 'public', url: 'http://one' }] }] } as unknown as Caller;
const request = { headers: { 'x-auth-token': 'the token' }, caller } as unknown as Request;
const imported = (by: string): Image => ({ importing: { importId: by } }) as unknown as Image;

function memoryDrop() {
  const left = new Map<string, string>();
  const drop: SealedTokenDrop = { put: (id, sealed) => Promise.resolve(void left.set(id, sealed)), withdraw: (id) => Promise.resolve(void left.delete(id)) };
  return { left, drop };
}

describe('The token of an import from another region', () => {
  it('is left, sealed for this import and this region, before the import is requested', async () => {
    const { left, drop } = memoryDrop();
    await leavingTokens(sealKey, drop)(request, command, () => {
      expect([...left.keys()]).toEqual([importId]);
      return Promise.resolve(imported(importId));
    });
    expect(left.get(importId)).not.toContain('the token');
    expect(openAccess(sealKey, left.get(importId) ?? '', { importId, region: 'RegionOne' }, new Date())).toEqual({ token: 'the token', endpoint: 'http://one', imageId: sourceImageId });
  });

  it('is taken back where the import is refused, or a repeated request finds its first import', async () => {
    const { left, drop } = memoryDrop();
    const withToken = leavingTokens(sealKey, drop);
    await expect(withToken(request, command, () => Promise.reject(new Problem('ImageStatusConflict')))).rejects.toMatchObject({ code: 'ImageStatusConflict' });
    expect(left.size).toBe(0);
    await withToken(request, command, () => Promise.resolve(imported('another')));
    expect(left.size).toBe(0);
  });

  it('stays where nobody knows whether the import was recorded', async () => {
    const { left, drop } = memoryDrop();
    await expect(leavingTokens(sealKey, drop)(request, command, () => Promise.reject(new Problem('NotYetVisible')))).rejects.toMatchObject({ code: 'NotYetVisible' });
    expect(left.size).toBe(1);
  });

  it('is not left for a region that is not in the catalogue; in its place stands what the catalogue has', async () => {
    const { left, drop } = memoryDrop();
    await leavingTokens(sealKey, drop)(request, { ...command, sourceRegion: 'RegionTwo' }, () => Promise.resolve(imported(importId)));
    expect(() => openAccess(sealKey, left.get(importId) ?? '', { importId, region: 'RegionTwo' }, new Date())).toThrow(expect.objectContaining({
      code: 'RegionNotInCatalogue', params: { region: 'RegionTwo', interface: 'public', known: 'RegionOne (public)' },
    }) as Error);
  });
});

describe('The question where copies of an image are', () => {
  it('goes to every region of the catalogue, each with the token sealed for it and for this question alone', () => {
    const question = copiesQuestion(sealKey, request, { originRegion: 'RegionTwo', originId: sourceImageId });
    expect(question).toMatchObject({ originRegion: 'RegionTwo', originId: sourceImageId, regions: [{ name: 'RegionOne' }] });
    const [{ sealed = '' } = {}] = question.regions;
    expect(sealed).not.toContain('the token');
    expect(openAccess(sealKey, sealed, { importId: question.questionId, region: 'RegionOne' }, new Date())).toMatchObject({ token: 'the token', endpoint: 'http://one' });
    expect(() => copiesQuestion(undefined, request, { originRegion: 'RegionTwo', originId: sourceImageId })).toThrow(expect.objectContaining({ code: 'Unavailable' }) as Error);
  });
});

describe('The token of an import from an object store', () => {
  const object = { importId, location: 'swift://cloud.foo/a/c/o', url: 'https://cloud.foo/v1/a/c/o' };

  it('is left, sealed for this import, with the address that the catalogue led to', async () => {
    const { left, drop } = memoryDrop();
    await leavingObjectTokens(sealKey, drop)(request, object, () => Promise.resolve(imported(importId)));
    expect(left.get(importId)).not.toContain('the token');
    expect(openAccess(sealKey, left.get(importId) ?? '', { importId, region: '' }, new Date())).toEqual({ token: 'the token', endpoint: object.url, imageId: object.location });
  });

  it('is not left where nothing can be sealed', async () => {
    const { left, drop } = memoryDrop();
    await expect(leavingObjectTokens(undefined, drop)(request, object, () => Promise.reject(new Error('never')))).rejects.toMatchObject({ code: 'UriNotAllowed' });
    expect(left.size).toBe(0);
  });
});
