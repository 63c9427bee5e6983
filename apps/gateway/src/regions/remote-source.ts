import { isLowerUuid } from '#libs/contracts';
import { Problem, type ImageCommand } from '#libs/domain';

export type RemoteSource = Required<Pick<Extract<ImageCommand, { type: 'RequestImageImport' }>, 'sourceRegion' | 'sourceImageId' | 'sourceInterface'>>;

/** What the `method` of glance-download says of its source: an image id and the name of a region, never an address. Refuses: InvalidRequest. Source: API.md section 9. */
export function readRemoteSource(asked: Readonly<Record<string, unknown>>): RemoteSource {
  const { glance_image_id: imageId, glance_region: region, glance_service_interface: face = 'public' } = asked;
  if (!isName(region)) throw invalid('glance-download needs glance_region, the name of the region that has the image. The regions are listed at /v2/info/regions.');
  if (typeof imageId !== 'string' || !isLowerUuid(imageId.toLowerCase())) {
    // The first words are Glance's: clients look for them.
    throw invalid('Remote image id does not look like a UUID: glance-download needs glance_image_id, the UUID of the image in that region.');
  }
  if (!isName(face)) throw invalid('glance_service_interface must be the name of an interface: public, internal or admin.');
  return { sourceRegion: region, sourceImageId: imageId.toLowerCase(), sourceInterface: face };
}

const isName = (value: unknown): value is string => typeof value === 'string' && /^[^\x00-\x1f]{1,64}$/.test(value) && value.trim() !== '';
const invalid = (detail: string): Problem => new Problem('InvalidRequest', { detail });
