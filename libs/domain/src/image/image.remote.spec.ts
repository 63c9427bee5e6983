import { imageDecider, type ImageCommand, type ImageEvent } from '#libs/domain';
import { anImage, specification } from '#libs/testing';

const imageId = '11111111-2222-4333-8444-555555555555';
const importId = '22222222-2222-4333-8444-555555555555';
const given = specification(imageDecider({ properties: 3, tags: -1, members: -1 }));
const requested: ImageEvent = { type: 'ImageImportRequested', data: { importId, method: 'glance-download', storeIds: ['fast'], allStoresMustSucceed: true } };
const describing = (more: Partial<Extract<ImageCommand, { type: 'DescribeImportedImage' }>> = {}) =>
  ({ imageId, command: { type: 'DescribeImportedImage', importId, diskFormat: 'qcow2', containerFormat: 'bare', properties: { os_type: 'linux' }, ...more } as const });
const changed = (attributes: Record<string, string>, set: Record<string, string>): ImageEvent => ({ type: 'ImagePropertiesChanged', data: { attributes, cleared: [], set, removed: [] } });

describe('What an image from another region takes over', () => {
  it("are its source's formats and properties, over its own", () => {
    given(...anImage(), requested).when(describing()).then(changed({ diskFormat: 'qcow2' }, { os_type: 'linux' }));
    given(...anImage(), changed({}, { os_type: 'windows', kept: 'yes' }), requested).when(describing()).then(changed({ diskFormat: 'qcow2' }, { os_type: 'linux' }));
  });

  it('is nothing where nothing differs', () => {
    given(...anImage(), requested, changed({ diskFormat: 'qcow2' }, { os_type: 'linux' })).when(describing()).nothing();
  });

  it('is refused where the import is over, or another one holds the lock', () => {
    given(...anImage()).when(describing()).refuses('ImportOver');
    given(...anImage(), requested).when(describing({ importId: imageId })).refuses('ImportOver');
  });

  it('is refused where the image would have too many properties', () => {
    given(...anImage(), requested).when(describing({ properties: { a: '1', b: '2', c: '3', d: '4' } })).refuses('TooManyProperties');
  });
});
