import { sealRegionsAccess, type CopyOrder } from '#libs/contracts';
import { lineageOf, noReplication, type ReplicationPolicy, type ReplicationState } from '#libs/domain';
import { memoryRegion, type MemoryRegion } from '../../test/memory-region.js';
import { RegionFailure } from '../replication/image-api.js';
import { byDownload } from '../replication/replicate-image.js';
import { cloneImage, removeUnfinished, type CloneOrder } from './clone-image.js';
import type { CopyParts } from './copy-parts.js';
import { copyToRegions, endCopies } from './copy-to-regions.js';
import { usualSettings } from './replicate-to-region.js';

const [importId, sourceId, copyId, policyId] = ['11111111', '22222222', '33333333', '44444444'].map((start) => `${start}-0000-4000-8000-000000000000`) as [string, string, string, string];
const signal = new AbortController().signal;
let [one, two, three]: MemoryRegion[] = [];
const regions = (): [MemoryRegion, MemoryRegion, MemoryRegion] => {
  if (!one || !two || !three) throw new Error('there are no regions');
  return [one, two, three];
};
beforeEach(() => {
  const all: MemoryRegion[] = [];
  for (const name of ['One', 'Two', 'Three']) all.push(memoryRegion(name, () => all));
  [one, two, three] = all;
  one?.add({ id: sourceId, name: 'ubuntu', owner: 'red', visibility: 'public', tags: ['golden'], properties: { os_type: 'linux', os_glance_failed_import: '' } });
});

describe('A clone in another region', () => {
  const order = (imageProperties: Readonly<Record<string, unknown>> = {}): CloneOrder => ({ importId, sourceImageId: sourceId, regions: ['Two'], clone: { imageId: copyId, imageProperties } });
  const ends = () => {
    const [source, target] = regions();
    return { source, target };
  };
  const clone = (asked = order()) => cloneImage(asked, ends(), byDownload(ends(), { source: 'public', target: 'public' }), signal);

  it('is what its source is, with its lineage and in the name of who asked, where he says nothing else', async () => {
    const [source, target] = regions();
    await clone(order({ name: 'mine', os_type: 'bsd', heliograph_origin_id: 'a lie' }));
    const made = target.images.get(copyId);
    expect(made).toMatchObject({ name: 'mine', status: 'active', tags: ['golden'], hash: source.images.get(sourceId)?.hash, properties: { os_type: 'bsd' } });
    expect(made?.properties).not.toHaveProperty('os_glance_failed_import');
    expect(lineageOf(made?.properties ?? {})).toMatchObject({ originRegion: 'One', originId: sourceId });
    // Neither the owner of the source nor its visibility is said: the target gives what it gives to who asks.
    expect([made?.owner, made?.visibility]).toEqual([null, undefined]);
  });

  it('is found again by who goes on with it after a death, and brought once', async () => {
    const [source, target] = regions();
    let calls = 0;
    target.onCall = (call) => { if (call === 'download' && (calls += 1) === 1) throw new Error('killed'); };
    await expect(clone()).rejects.toThrow('killed');
    expect(target.images.get(copyId)).toMatchObject({ status: 'queued' });
    await clone();
    await clone();
    expect([target.images.size, target.images.get(copyId)?.status, target.broughtBytes]).toEqual([1, 'active', source.images.get(sourceId)?.sizeBytes]);
  });

  it('is refused where its source is not there, or its id is that of another image', async () => {
    const [source, target] = regions();
    target.add({ id: copyId });
    await expect(clone()).rejects.toThrow('region Two answered 409: the id');
    await source.act(sourceId, 'deactivate');
    await expect(clone()).rejects.toThrow('the image is deactivated');
    await source.remove(sourceId);
    await expect(clone()).rejects.toThrow('the image is not there any more');
  });

  it('leaves nothing unfinished when it has ended, and takes nothing away that is whole or another', async () => {
    const [, target] = regions();
    await target.create({ id: copyId, visibility: 'private', heliograph_origin_region: 'One', heliograph_origin_id: sourceId });
    await removeUnfinished(order(), { target });
    expect(target.images.size).toBe(0);
    target.add({ id: copyId, properties: { heliograph_origin_region: 'One', heliograph_origin_id: sourceId } });
    await removeUnfinished(order(), { target });
    target.add({ id: copyId, status: 'queued' });
    await removeUnfinished(order(), { target });
    expect(target.images.size).toBe(1);
  });
});

describe('An order for copies', () => {
  let policy: ReplicationState;
  let sealed: Map<string, string>;
  const sealKey = 's'.repeat(32);
  beforeEach(() => {
    policy = noReplication();
    sealed = new Map();
  });
  const parts = (): CopyParts => ({
    region: 'One', sealKey, totalTimeoutMs: 5000, clock: () => new Date('2030-01-01T00:00:00Z'), desk: { load: () => Promise.resolve(policy) },
    tokens: { get: (id) => Promise.resolve(sealed.get(id)), remove: (id) => Promise.resolve(void sealed.delete(id)) },
    carriage: (_, { settings }) => {
      const [source, ...others] = regions();
      const target = others.find(({ region }) => region === settings.remoteRegion);
      if (!target) return Promise.reject(new RegionFailure(settings.remoteRegion, 0, 'the operator has given no account for it'));
      const ends = { source, target };
      return Promise.resolve({ ends, carryData: byDownload(ends, { source: 'public', target: 'public' }) });
    },
  });
  const replicate = (more: Partial<CopyOrder> = {}) => copyToRegions({ importId, sourceImageId: sourceId, regions: ['Two', 'Three'], ...more }, parts(), signal);
  const copiesIn = (region: MemoryRegion) => [...region.images.values()].filter(({ properties }) => lineageOf(properties)?.originId === sourceId);

  it('brings a replication to every region once, with its owner and visibility, and the next time what has changed', async () => {
    const [source, ...others] = regions();
    await replicate();
    await source.change(sourceId, [{ op: 'replace', path: '/name', value: 'new name' }]);
    await replicate();
    for (const region of others) expect(copiesIn(region)).toMatchObject([{ name: 'new name', status: 'active', owner: 'red', visibility: 'public' }]);
  });

  it('meets the copy that a policy made, and does as the policy says where it names one', async () => {
    const [, target] = regions();
    target.add({ id: copyId, owner: 'red', properties: { heliograph_origin_region: 'One', heliograph_origin_id: sourceId } });
    await replicate({ regions: ['Two'] });
    expect(copiesIn(target).map(({ id }) => id)).toEqual([copyId]);
    policy = { exists: true, kind: 'policy', settings: { ...usualSettings('Two'), copyOwner: 'library', filter: { visibilities: ['private'], tags: [], properties: {} } }, isPaused: false } as unknown as ReplicationPolicy;
    await replicate({ regions: ['Two'], policyId });
    expect(copiesIn(target).map(({ owner }) => owner).toSorted()).toEqual(['library', 'red']);
  });

  it('brings what came by way of the region back there, where it is asked for', async () => {
    const [source, target] = regions();
    const origin = { heliograph_origin_region: 'Three', heliograph_origin_id: copyId };
    source.add({ id: sourceId, properties: { ...origin, heliograph_via_region: 'Two', heliograph_via_id: policyId, heliograph_via_path: 'Two' } });
    await replicate({ regions: ['Two'] });
    expect([...target.images.values()]).toMatchObject([{ status: 'active', properties: { ...origin, heliograph_via_region: 'One', heliograph_via_id: sourceId, heliograph_via_path: 'Two/One' } }]);
  });

  it('tells which regions have no copy, and why, and which have one', async () => {
    await expect(replicate({ regions: ['Two', 'Four'] })).rejects.toMatchObject({
      code: 'CopyFailed', message: 'The image was not copied: region Four cannot be reached: the operator has given no account for it. It is in Two. See to that, and ask again.',
    });
    await expect(replicate({ policyId })).rejects.toMatchObject({ code: 'ReplicationPolicyNotFound' });
  });

  it('of a clone needs the token that was left for it, and no other', async () => {
    const clone = { importId, sourceImageId: sourceId, regions: ['Two'], clone: { imageId: copyId, imageProperties: {} } };
    await expect(copyToRegions(clone, parts(), signal)).rejects.toMatchObject({ code: 'RemoteTokenLost' });
    sealed.set(importId, sealRegionsAccess(sealKey, { token: 'x', endpoints: {} }, copyId, new Date('2030-01-02T00:00:00Z')));
    await expect(copyToRegions(clone, parts(), signal)).rejects.toMatchObject({ code: 'RemoteTokenLost' });
    sealed.set(importId, sealRegionsAccess(sealKey, { token: 'x', endpoints: {} }, importId, new Date('2029-01-01T00:00:00Z')));
    await expect(copyToRegions(clone, parts(), signal)).rejects.toMatchObject({ code: 'RemoteTokenRefused' });
    await endCopies(clone, parts(), signal);
    expect(sealed.size).toBe(0);
  });
});
