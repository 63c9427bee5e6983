import type { CatalogEntry } from './caller.js';
import { imageEndpointOf, imageEndpoints, namesOfEndpoints } from './image-endpoints.js';

const catalog: readonly CatalogEntry[] = [
  { type: 'identity', name: 'keystone', endpoints: [{ region: 'RegionThree', interface: 'public', url: 'http://keystone' }] },
  { type: 'image', name: 'glance', endpoints: [
    { region: 'RegionOne', interface: 'public', url: 'http://one' }, { region: 'RegionOne', interface: 'internal', url: 'http://one.inside' },
    { region: 'RegionTwo', interface: 'public', url: 'http://two' }, { region: 'RegionFour', interface: 'public', url: 'no address' }, { region: '', interface: 'public', url: 'http://nowhere' },
  ] },
  { type: 'image', name: 'second', endpoints: [{ region: 'RegionTwo', interface: 'public', url: 'http://two.second' }] },
];

describe('The image service of a region, in the catalogue of the caller', () => {
  it('is found by region and interface', () => {
    expect(imageEndpointOf(catalog, { region: 'RegionOne', interface: 'internal' })).toBe('http://one.inside');
    expect(imageEndpointOf(catalog, { region: 'RegionTwo', interface: 'public' })).toBe('http://two');
  });

  it.each([
    ['is in no catalogue', 'RegionNine', 'public'], ['has no such interface', 'RegionTwo', 'internal'], ['has another service only', 'RegionThree', 'public'],
    ['has an endpoint that is no address', 'RegionFour', 'public'], ['has no name', '', 'public'], ['is an address', 'http://one', 'public'],
  ])('is not there where it %s', (_, region, face) => { expect(imageEndpointOf(catalog, { region, interface: face })).toBeUndefined(); });

  it('can be named instead, as long as the catalogue has any', () => {
    expect(namesOfEndpoints(catalog)).toBe('RegionOne (public), RegionOne (internal), RegionTwo (public), RegionFour (public)');
    expect(namesOfEndpoints([])).toBe('none at all');
  });

  it('is listed once for each region and interface', () => {
    expect(imageEndpoints(catalog).map(({ region, interface: face }) => `${region} ${face}`)).toEqual(['RegionOne public', 'RegionOne internal', 'RegionTwo public', 'RegionFour public']);
  });
});
