import { readRemoteSource } from './remote-source.js';

const id = '11111111-2222-4333-8444-555555555555';

describe('The source of a glance-download', () => {
  it('is an image of a region, at its public interface unless another one is named', () => {
    expect(readRemoteSource({ glance_image_id: id, glance_region: 'RegionOne' })).toEqual({ sourceRegion: 'RegionOne', sourceImageId: id, sourceInterface: 'public' });
    expect(readRemoteSource({ glance_image_id: id.toUpperCase(), glance_region: 'us east.1', glance_service_interface: 'internal' }))
      .toEqual({ sourceRegion: 'us east.1', sourceImageId: id, sourceInterface: 'internal' });
  });

  it.each([
    ['no region', { glance_image_id: id }], ['a region that is no text', { glance_image_id: id, glance_region: 7 }], ['an empty region', { glance_image_id: id, glance_region: ' ' }],
    ['no image', { glance_region: 'RegionOne' }], ['an id that is no UUID', { glance_image_id: '../../x', glance_region: 'RegionOne' }],
    ['an interface that is no text', { glance_image_id: id, glance_region: 'RegionOne', glance_service_interface: ['public'] }],
  ])('is refused with %s', (_, asked) => {
    expect(() => readRemoteSource(asked)).toThrow(expect.objectContaining({ code: 'InvalidRequest' }) as Error);
  });
});
