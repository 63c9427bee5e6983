import { Problem, type Image } from '#libs/domain';
import { crashPoint } from '#libs/event-log';
import type { ImageAction } from '#libs/read-model';
import type { Request } from '../edge/request.js';
import { commandIdentity } from '../images/idempotency.js';
import { pathOf } from '../images/images.js';
import type { AskedImage } from '../images/permissions.js';
import { actionOf, refuseTooMany, type ActionsRoom } from './actions.room.js';
import { imageWanted, propertiesIn } from './image-wanted.js';

type Body = Readonly<Record<string, unknown>>;

/**
 * Begins to make a new image of one that the caller may download, in another disk format; what it is besides, it takes over from the first unless the
 * request says otherwise. Refuses: InvalidRequest, Forbidden, ImageNotFound, ImageStatusConflict, TooManyActions, LimitReached.
 */
export async function beginConversion(parts: ActionsRoom, request: Request, { value, bytes }: { readonly value: Body; readonly bytes: Buffer }): Promise<ImageAction> {
  const { room, rules } = parts;
  room.permissions.require('import_image', request.caller);
  const source = await imageToConvert(parts, request, value['image_id']);
  const given = propertiesIn(value['image_properties']);
  const target = targetOf(given['disk_format'], source.image, rules.conversions);
  // Until its data is converted the new image has the format of the old one.
  const { image, wantedId } = imageWanted(parts, request, { ...inherited(room.properties.shownTo(request.caller, source.image)), ...given, disk_format: source.image.diskFormat });
  await refuseTooMany(parts, request);
  const { newImageId, newActionId: importId, ...identity } = commandIdentity(request, pathOf(request), bytes);
  const asked = { importId, method: 'convert-image', sourceImageId: source.imageId, convertTo: target, storeIds: [rules.defaultStoreId], allStoresMustSucceed: true, skipsPresent: false } as const;
  const command = { ...image, type: 'CreateArrivingImage', arrival: { actionType: 'convert', imageProperties: given }, request: asked } as const;
  await room.images.send(request, { imageId: wantedId ?? newImageId, command }, identity);
  crashPoint('before-acknowledgement');
  return actionOf(parts, request, 'image-action', importId);
}

/** An image whose data the caller may have. Refuses: InvalidRequest, ImageNotFound, Forbidden, ImageStatusConflict. */
export async function sourceOf({ room: { images, permissions } }: Pick<ActionsRoom, 'room'>, request: Request, imageId: unknown): Promise<AskedImage> {
  if (typeof imageId !== 'string') throw invalid('This action needs the image_id of the image that it is about.');
  const source = await images.visible(imageId, request);
  permissions.requireOn('download_image', source, request.caller);
  const { status } = source.image;
  if (status !== 'active') throw new Problem('ImageStatusConflict', { imageId: source.imageId, status, needed: 'active' });
  return source;
}

/** The same of one that can be converted. Refuses: InvalidRequest besides. */
export async function imageToConvert(parts: Pick<ActionsRoom, 'room'>, request: Request, imageId: unknown): Promise<AskedImage> {
  const source = await sourceOf(parts, request, imageId);
  const { containerFormat, properties } = source.image;
  if (containerFormat !== 'bare') throw invalid(`Image ${source.imageId} is in container_format ${containerFormat ?? 'null'}; only what is bare can be converted.`);
  if (Object.keys(properties).some((name) => name.startsWith('cinder_encryption_key'))) throw invalid(`Image ${source.imageId} is encrypted, and cannot be converted. Make an image of a volume that is not.`);
  return source;
}

/** The format that is to be made. Refuses: Forbidden, InvalidRequest. */
export function targetOf(diskFormat: unknown, source: Pick<Image, 'diskFormat'>, offered: readonly string[]): string {
  if (offered.length === 0) throw new Problem('Forbidden', { detail: 'Converting images is not enabled here. Ask your operator.' });
  const target = offered.find((format) => format === diskFormat);
  if (target === undefined) throw invalid(`The disk_format that is to be made must be one of ${offered.join(', ')}.`);
  if (target === source.diskFormat) throw invalid(`The image is ${target} already. There is nothing to convert.`);
  return target;
}

/** A signature is of the bytes that there were, and what the service itself noted is of the image that there was. */
const notInherited = /^(img_signature|os_glance|heliograph_)/;

function inherited({ name, minDisk, minRam, properties }: Pick<Image, 'name' | 'minDisk' | 'minRam' | 'properties'>): Body {
  const kept = Object.entries(properties).filter(([property, value]) => !notInherited.test(property) && value !== '');
  return { ...Object.fromEntries(kept), name, min_disk: minDisk, min_ram: minRam, container_format: 'bare' };
}

const invalid = (detail: string): Problem => new Problem('InvalidRequest', { detail });
