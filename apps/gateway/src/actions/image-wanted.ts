import { Problem } from '#libs/domain';
import type { Request } from '../edge/request.js';
import { createImageCommand, readImageToCreate, type CreateImage } from '../images/create-image.js';
import type { ActionsRoom } from './actions.room.js';

type Body = Readonly<Record<string, unknown>>;

/** What is remembered of a request stands in every commit's answer and every list. */
const longestPropertiesBytes = 64 * 1024;

/** The `image_properties` of a request. Refuses: InvalidRequest, RequestTooLarge. */
export function propertiesIn(properties: unknown = {}): Body {
  if (typeof properties !== 'object' || properties === null || Array.isArray(properties)) throw new Problem('InvalidRequest', { detail: 'image_properties must be an object, as in the creation of an image.' });
  if (Buffer.byteLength(JSON.stringify(properties)) > longestPropertiesBytes) throw new Problem('RequestTooLarge', { limit: `${longestPropertiesBytes / 1024} KiB of image_properties` });
  return properties as Body;
}

/** The image that is to come of an action, as it would be created, where the caller may create it. Refuses: InvalidRequest, Forbidden. */
export function imageWanted({ room }: Pick<ActionsRoom, 'room'>, { caller }: Request, properties: Body): { readonly image: Omit<CreateImage, 'type'>; readonly wantedId: string | undefined } {
  const wanted = readImageToCreate(properties, room.schema);
  const owner = wanted.owner === undefined ? caller.projectId : wanted.owner;
  room.permissions.requireNew(caller, owner, wanted.visibility);
  const { type: _, ...image } = createImageCommand(wanted, owner);
  room.properties.requireCreatable(image.properties, caller);
  return { image, wantedId: wanted.imageId };
}
