import { keptForName, lineageProperties, viaNames } from '../lineage.js';
import { fits, isCarried, planReplication, type ShownImage } from './replication.plan.js';
import type { ReplicationFilter, ReplicationSettings } from './replication.js';

const settings: ReplicationSettings = {
  name: 'p', direction: 'pull', remoteRegion: 'One', filter: { visibilities: [], tags: [], properties: {} }, trigger: 'event', concurrency: 1,
  carriesMetadata: true, carriesMembers: false, carriesDeletions: true, conflictRule: 'source', keepsIds: false,
};
const image = (id: string, more: Partial<ShownImage> = {}): ShownImage => ({
  id, name: id, status: 'active', owner: 'red', visibility: 'public', isHidden: false, tags: [], properties: {}, sizeBytes: 10, minDisk: 0, minRam: 0, diskFormat: 'raw', containerFormat: 'bare',
  hash: 'sha512:ab', checksum: null, updatedAt: 'v1', ...more,
});
const copyOf = (source: ShownImage, more: Partial<ShownImage> = {}, originRegion = 'One'): ShownImage =>
  image(`copy of ${source.id}`, { name: source.name, ...more, properties: { ...source.properties, ...more.properties, ...lineageProperties({ originRegion, originId: source.id, originVersion: source.updatedAt, originHash: source.hash }) } });
const idOf = (number: number): string => `11111111-0000-4000-8000-${String(number).padStart(12, '0')}`;
const plan = (source: readonly ShownImage[], copies: readonly ShownImage[] = [], more: Partial<ReplicationSettings> = {}, isOwn = (_: ShownImage) => true) =>
  planReplication({ settings: { ...settings, ...more }, sourceRegion: 'One', targetRegion: 'Two', source, copies, isOwn }).map(({ action, sourceId, copyId }) => [action, sourceId, copyId]);

describe('What a policy finds to be done', () => {
  it('is a copy of every active image that fits and is not there', () => {
    expect(plan([image('a'), image('b', { status: 'queued' }), image('c', { status: 'deactivated' })])).toEqual([['copy', 'a', undefined]]);
    expect(plan([image('a')], [copyOf(image('a'))])).toEqual([]);
  });

  it('is to go on with a copy that has no data yet, as that copy', () => {
    expect(plan([image('a')], [copyOf(image('a'), { status: 'queued' })])).toEqual([['copy', 'a', 'copy of a']]);
  });

  it('is never to send an image back to where it came from', () => {
    expect(plan([copyOf(image('theirs'), {}, 'Two')])).toEqual([]);
  });

  it('is never a second copy of what came from a third region by another way', () => {
    const theirs = copyOf(image('theirs'), {}, 'Three');
    expect(plan([theirs])).toEqual([['copy', 'copy of theirs', undefined]]);
    expect(plan([theirs], [theirs])).toEqual([]);
  });

  it('does not take for a copy what somebody else claims to be one', () => {
    expect(plan([image('a')], [copyOf(image('a'), { owner: 'mallory' })])).toEqual([['copy', 'a', undefined]]);
    expect(plan([image('a')], [copyOf(image('a'), { owner: 'mallory' })], { copyOwner: 'library' })).toEqual([['copy', 'a', undefined]]);
    expect(plan([image('a')], [copyOf(image('a'), { owner: 'library' })], { copyOwner: 'library' })).toEqual([]);
  });

  it.each<[string, Partial<ShownImage>]>([
    ['name', { name: 'new' }], ['tags', { tags: ['x'] }], ['properties', { properties: { os_type: 'linux' } }], ['visibility', { visibility: 'shared' }], ['os_hidden', { isHidden: true }], ['min_ram', { minRam: 7 }],
    ['the moment of its last change', { updatedAt: 'v2' }],
  ])('is an update where the source has another %s', (_, changed) => {
    expect(plan([image('a', changed)], [copyOf(image('a'))])).toEqual([['update', 'a', 'copy of a']]);
    expect(plan([image('a', changed)], [copyOf(image('a'))], { conflictRule: 'copy' })).toEqual([]);
    expect(plan([image('a', changed)], [copyOf(image('a'))], { carriesMetadata: false })).toEqual([]);
  });

  it('is an update where somebody looked at who it is shared with, and that differs', () => {
    expect(plan([image('a', { members: ['red', 'blue'] })], [copyOf(image('a'), { members: ['blue'] })])).toEqual([['update', 'a', 'copy of a']]);
    expect(plan([image('a', { members: ['red', 'blue'] })], [copyOf(image('a'), { members: ['blue', 'red'] })])).toEqual([]);
  });

  it('is nothing for what the image service of the target writes by itself', () => {
    expect(plan([image('a')], [copyOf(image('a'), { properties: { os_glance_importing_to_stores: '' } })])).toEqual([]);
  });

  it('closes the copies of an image that was deactivated, and opens them again', () => {
    expect(plan([image('a', { status: 'deactivated' })], [copyOf(image('a'))], { carriesMetadata: false })).toEqual([['update', 'a', 'copy of a']]);
    expect(plan([image('a')], [copyOf(image('a'), { status: 'deactivated' })], { carriesMetadata: false })).toEqual([['update', 'a', 'copy of a']]);
  });

  it('deletes the copies of what is gone, last, where the policy says so and made them', () => {
    const gone = copyOf(image(idOf(1)));
    expect(plan([image('a')], [gone])).toEqual([['copy', 'a', undefined], ['delete', idOf(1), gone.id]]);
    expect(plan([], [gone], { carriesDeletions: false })).toEqual([]);
    expect(plan([], [gone], {}, () => false)).toEqual([]);
    expect(plan([], [copyOf(image(idOf(1)), {}, 'Three')])).toEqual([]);
  });

  it('deletes copies that were made of a copy which is gone, and not while its first image is there in any other copy', () => {
    const [first, gone, other] = [image('first'), idOf(1), idOf(2)];
    const copy = (id: string, more: Partial<ShownImage> = {}) => copyOf(first, { ...more, properties: { [viaNames.region]: 'One', [viaNames.id]: id } }, 'Three');
    expect(plan([], [copy(gone)])).toEqual([['delete', gone, 'copy of first']]);
    expect(plan([], [copy(gone)], {}, () => false)).toEqual([]);
    expect(plan([], [copy(gone)], { carriesDeletions: false })).toEqual([]);
    expect(plan([copyOf(first, { id: other }, 'Three')], [copy(gone)])).toEqual([]);
    expect(plan([copyOf(first, { id: other, status: 'deactivated', owner: 'other' }, 'Three')], [copy(gone)])).toEqual([]);
    expect(plan([copyOf(image('second'), { id: other }, 'Three')], [copy(gone)]).map(([action]) => action)).toEqual(['copy', 'delete']);
  });

  it('deletes nothing that was made of an image of another region, or of what can be no image', () => {
    const copy = (via: object) => copyOf(image(idOf(1)), { properties: { ...via } }, 'Three');
    expect(plan([], [copy({ [viaNames.region]: 'Four', [viaNames.id]: idOf(2) })])).toEqual([]);
    expect(plan([], [copy({ [viaNames.region]: 'One', [viaNames.id]: '../../tasks' })])).toEqual([]);
    expect(plan([], [copyOf(image('no-uuid'))])).toEqual([]);
    expect(plan([], [image('mine', { properties: { [viaNames.region]: 'One', [viaNames.id]: idOf(2) } })])).toEqual([]);
  });

  it('keeps no copy for the sake of what came by its region', () => {
    const [first, gone] = [image('first'), idOf(1)];
    const copy = copyOf(first, { properties: { [viaNames.region]: 'One', [viaNames.id]: gone, [viaNames.path]: 'One' } }, 'Three');
    const there = (path: string) => copyOf(first, { id: idOf(2), properties: { [viaNames.region]: 'Four', [viaNames.id]: idOf(3), [viaNames.path]: path } }, 'Three');
    expect(plan([there('Two/Four')], [copy])).toEqual([['delete', gone, 'copy of first']]);
    expect(plan([there('Five/Four')], [copy])).toEqual([]);
  });

  it('is never to bring back what came by there, and is gone there', () => {
    const back = copyOf(image('theirs'), { properties: { [viaNames.region]: 'Four', [viaNames.id]: idOf(1), [viaNames.path]: 'Two/Four' } }, 'Three');
    expect(plan([back])).toEqual([]);
    expect(plan([{ ...back, name: 'changed' }], [copyOf(image('theirs'), {}, 'Three')])).toEqual([['update', back.id, back.id]]);
  });

  it('is no property of a copy that tells of its way alone', () => {
    expect(plan([image('a', { properties: { [viaNames.region]: 'Four', [viaNames.id]: idOf(1) } })], [copyOf(image('a'), { properties: { [keptForName]: 'x' } })])).toEqual([]);
  });

  it('deletes no copy because its source does not fit the filter any more', () => {
    expect(plan([image('a', { visibility: 'private' })], [copyOf(image('a'))], { filter: { ...settings.filter, visibilities: ['public'] } })).toEqual([]);
  });
});

describe('The filter of a policy', () => {
  const none: ReplicationFilter = { visibilities: [], tags: [], properties: {} };
  it('lets everything pass that it says nothing of', () => {
    expect(isCarried(image('a', { name: null, sizeBytes: null }), none)).toBe(true);
  });

  it.each<[string, Partial<ReplicationFilter>, Partial<ShownImage>, Partial<ShownImage>]>([
    ['visibility', { visibilities: ['public', 'community'] }, { visibility: 'community' }, { visibility: 'private' }],
    ['owner', { owner: 'red' }, {}, { owner: 'green' }],
    ['name', { namePattern: 'ubuntu-*-v?' }, { name: 'ubuntu-24.04-v3' }, { name: 'ubuntu-24.04-v31' }],
    ['tags', { tags: ['golden', 'x86'] }, { tags: ['x86', 'golden', 'new'] }, { tags: ['golden'] }],
    ['properties', { properties: { os_type: 'linux' } }, { properties: { os_type: 'linux', hw: '1' } }, { properties: { os_type: 'windows' } }],
    ['smallest size', { minSizeBytes: 10 }, { sizeBytes: 10 }, { sizeBytes: 9 }],
    ['largest size', { maxSizeBytes: 10 }, { sizeBytes: 10 }, { sizeBytes: 11 }],
  ])('tells images apart by %s', (_, says, yes, no) => {
    expect(isCarried(image('a', yes), { ...none, ...says })).toBe(true);
    expect(isCarried(image('a', no), { ...none, ...says })).toBe(false);
  });

  it.each([['', '*', true], ['', '?', false], ['abc', 'a*c', true], ['abc', 'a*b', false], ['aXbXc', 'a*b*c', true], ['a.c', 'a.c', true], ['abc', 'a.c', false], ['日本', '??', true], ['ab', 'ab*', true]])(
    'reads %j as %j: %s', (text, pattern, expected) => { expect(fits(text, pattern)).toBe(expected); });

  it('is quick with every pattern', () => {
    expect(fits('a'.repeat(255), `${'a*'.repeat(120)}b`)).toBe(false);
  });
});
