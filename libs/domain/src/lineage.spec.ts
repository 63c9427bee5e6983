import { cameBy, isLineageName, lineageOf, lineageProperties, madeOf, originOf, viaNames } from './lineage.js';

const lineage = { originRegion: 'RegionOne', originId: '11111111-2222-4333-8444-555555555555', originVersion: '2026-01-01T00:00:00Z', originHash: 'sha512:ab' };

describe('The lineage of a copy', () => {
  it('stands in its properties, and reads back as it was written', () => {
    expect(lineageOf({ ...lineageProperties(lineage), os_type: 'linux' })).toEqual(lineage);
    expect(Object.keys(lineageProperties(lineage)).every(isLineageName)).toBe(true);
    expect(isLineageName('os_type')).toBe(false);
  });

  it('is none where region or id of the origin are not told', () => {
    expect(lineageOf({ os_type: 'linux' })).toBeUndefined();
    expect(lineageOf({ ...lineageProperties(lineage), heliograph_origin_id: '' })).toBeUndefined();
    expect(lineageOf({ ...lineageProperties(lineage), heliograph_origin_region: 7 })).toBeUndefined();
  });

  it('leads to the first image, also from a copy of a copy', () => {
    expect(originOf({ id: 'x', region: 'RegionTwo', properties: lineageProperties(lineage) })).toMatchObject({ originRegion: 'RegionOne', originId: lineage.originId });
    expect(originOf({ id: 'x', region: 'RegionTwo', properties: {} })).toEqual({ originRegion: 'RegionTwo', originId: 'x' });
  });

  it('tells which image it was made of: the first, or for a copy of a copy the one before', () => {
    expect(madeOf(lineageProperties(lineage))).toEqual({ region: 'RegionOne', id: lineage.originId });
    const before = { region: 'RegionTwo', id: '22222222-2222-4333-8444-555555555555' };
    expect(madeOf({ ...lineageProperties(lineage), [viaNames.region]: before.region, [viaNames.id]: before.id })).toEqual(before);
    expect(madeOf({ [viaNames.region]: before.region, [viaNames.id]: before.id })).toBeUndefined();
    expect(madeOf({ ...lineageProperties(lineage), [viaNames.region]: before.region, [viaNames.id]: '../x' })).toBeUndefined();
  });

  it('tells by which regions it came, and of the first image by none', () => {
    expect(cameBy({ ...lineageProperties(lineage), [viaNames.path]: 'RegionTwo/RegionThree' })).toEqual(['RegionTwo', 'RegionThree']);
    expect([cameBy(lineageProperties(lineage)), cameBy({ [viaNames.path]: 'RegionTwo' })]).toEqual([[], []]);
  });
});
