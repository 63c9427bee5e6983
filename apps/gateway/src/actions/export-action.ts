import { exportStoreId, Problem } from '#libs/domain';
import { throwIfOutOfReach } from '#libs/download';
import { crashPoint } from '#libs/event-log';
import type { ImageAction } from '#libs/read-model';
import type { Request } from '../edge/request.js';
import { commandIdentity } from '../images/idempotency.js';
import { pathOf } from '../images/images.js';
import type { AskedImage } from '../images/permissions.js';
import { queryIn, readImportSource } from '../imports/import-source.js';
import { actionOf, refuseTooMany, type ActionsRoom } from './actions.room.js';
import { imageToConvert, sourceOf, targetOf } from './convert-action.js';

type Body = Readonly<Record<string, unknown>>;

/** What one request of S3 takes. */
const mostBytes = 5 * 1024 ** 3;

/**
 * Begins to write the data of an image that the caller may download to an address that takes one PUT, as a presigned one of S3; converted before where `disk_format` says so.
 * Refuses: Forbidden, InvalidRequest, ImageNotFound, ImageStatusConflict, ImageTooLarge, UriNotAllowed, TooManyActions. Source: seed "image export"; the address rules are those of imports.
 */
export async function beginExport(parts: ActionsRoom, request: Request, { value, bytes }: { readonly value: Body; readonly bytes: Buffer }): Promise<ImageAction> {
  const { room, rules, queries } = parts;
  if (!rules.exports) throw new Problem('Forbidden', { detail: 'Exporting images is not enabled here. Download the data, or ask your operator.' });
  const { source, converted } = await exportedImage(parts, request, value);
  const { target, query } = targetIn(value['location'], rules);
  await throwIfOutOfReach(target.targetUri, rules.reach);
  await refuseTooMany(parts, request);
  const { newImageId, newActionId: importId, ...identity } = commandIdentity(request, pathOf(request), bytes);
  const asked = {
    importId, method: 'export-image', sourceImageId: source.imageId, ...target, ...converted,
    storeIds: [exportStoreId], allStoresMustSucceed: true, skipsPresent: false,
  } as const;
  const image = {
    name: null, owner: request.caller.projectId, isProtected: false, isHidden: false, containerFormat: source.image.containerFormat, diskFormat: source.image.diskFormat, minDisk: 0, minRam: 0,
    visibility: 'private', tags: [], properties: {}, arrival: { actionType: 'export', location: target.targetUri, imageProperties: converted.convertTo === undefined ? {} : { disk_format: converted.convertTo } }, request: asked,
  } as const;
  await queries.withQuery(query, { importId, sourceUri: target.targetUri }, () => room.images.send(request, { imageId: newImageId, command: { type: 'CreateArrivingImage', ...image } }, identity));
  crashPoint('before-acknowledgement');
  return actionOf(parts, request, 'image-action', importId);
}

async function exportedImage(parts: ActionsRoom, request: Request, { image_id: imageId, disk_format: diskFormat }: Body): Promise<{ source: AskedImage; converted: { convertTo?: string } }> {
  if (diskFormat !== undefined) {
    const source = await imageToConvert(parts, request, imageId);
    return { source, converted: { convertTo: targetOf(diskFormat, source.image, parts.rules.conversions) } };
  }
  const source = await sourceOf(parts, request, imageId);
  if ((source.image.data?.sizeBytes ?? 0) > mostBytes) throw new Problem('ImageTooLarge', { limitBytes: mostBytes });
  return { source, converted: {} };
}

/** The query, which holds the signature of a presigned address, goes another way. */
function targetIn(location: unknown, { reach: { filter }, carriesQueries }: ActionsRoom['rules']): { target: { targetUri: string; sourceHasQuery?: true }; query: string } {
  if (typeof location !== 'string' || location === '') throw new Problem('InvalidRequest', { detail: 'An export needs a location that takes a PUT, as a presigned one of S3: {"location": "https://…"}.' });
  const { sourceUri: targetUri = '', sourceHasQuery } = readImportSource('web-download', { uri: location }, { filter, carriesQueries });
  return { target: { targetUri, ...(sourceHasQuery ? { sourceHasQuery } : {}) }, query: queryIn(location) };
}
