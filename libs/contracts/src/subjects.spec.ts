import { addressOf, commandSubject, imageIdOfProgress, imageSubject, leaseSubject, progressSubject, sealedSubject, streamName } from '#libs/contracts';

const imageId = '11111111-2222-4333-8444-555555555555';

describe('A subject', () => {
  it('is one per image', () => {
    expect(imageSubject('RegionOne', imageId)).toBe(`glance.RegionOne.image.${imageId}`);
  });

  it('leads back to its image', () => {
    expect(addressOf(imageSubject('RegionOne', imageId))).toEqual({ kind: 'image', token: imageId });
  });

  it('of progress leads back to its image, and no other subject does', () => {
    expect(imageIdOfProgress(progressSubject('RegionOne', imageId))).toBe(imageId);
    for (const other of [imageSubject('RegionOne', imageId), `progress.RegionOne.${imageId}.more`, 'progress.RegionOne.*', `progress.RegionOne.${'-'.repeat(36)}`]) {
      expect(imageIdOfProgress(other)).toBeUndefined();
    }
  });

  it.each(['', '*', '>', 'a.b', imageId.toUpperCase().replace('1', 'A'), `${imageId}.>`, `${imageId} `, '../etc', 'x'.repeat(36)])(
    'is never built from the id %j', (id) => {
      expect(() => imageSubject('RegionOne', id)).toThrow('lower-case UUID');
      expect(() => leaseSubject('RegionOne', id)).toThrow('lower-case UUID');
      expect(() => progressSubject('RegionOne', id)).toThrow('lower-case UUID');
      expect(() => sealedSubject('RegionOne', id)).toThrow('lower-case UUID');
    });

  it.each(['', '*', 'a.b', 'a b', '>', 'x'.repeat(65)])('is never built from the region %j', (region) => {
    expect(() => streamName(region)).toThrow('not a region name');
    expect(() => commandSubject(region, 'image')).toThrow('not a region name');
  });

  it.each(['glance.RegionOne.image', 'glance.RegionOne.image.a.b', 'other.RegionOne.image.a', 'glance.RegionOne.planet.a', 'glance..image.a'])(
    'is not read from %j', (subject) => {
      expect(() => addressOf(subject)).toThrow('not a subject of the log');
    });
});
