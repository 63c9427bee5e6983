import { Problem } from '#libs/domain';
import { crashPoint } from '#libs/event-log';
import type { ImageAction } from '#libs/read-model';
import { pathOf } from '../images/images.js';
import { commandIdentity } from '../images/idempotency.js';
import type { CreateImage } from '../images/create-image.js';
import type { Request } from '../edge/request.js';
import { imageWanted, propertiesIn } from './image-wanted.js';
import { importLocation } from './import-location.js';
import { actionOf, refuseTooMany, type ActionsRoom, type Kind } from './actions.room.js';

type Body = Readonly<Record<string, unknown>>;

/**
 * Begins to bring an image from somewhere: in the log it is there at once, and for everybody else when it has its data.
 * Refuses: Forbidden, InvalidRequest, UriNotAllowed, RequestTooLarge, TooManyActions, LimitReached. Source: seed "new upload workflow" of Glance.
 */
export async function beginImport(parts: ActionsRoom, request: Request, kind: Kind, { value, bytes }: { readonly value: Body; readonly bytes: Buffer }): Promise<ImageAction> {
  const { room, rules, data } = parts;
  const { caller } = request;
  room.permissions.require('import_image', caller);
  if (!rules.importMethods.includes('web-download')) throw new Problem('Forbidden', { detail: 'Importing from an address is not enabled here. The methods of import are listed at /v2/info/import.' });
  const { location, properties } = readImportAction(value);
  const { image: wanted, wantedId } = imageWanted(parts, request, properties);
  const image = withContainer(wanted);
  const from = await importLocation(parts, request, location);
  await refuseTooMany(parts, request);
  const { newImageId, newActionId: importId, ...identity } = commandIdentity(request, pathOf(request), bytes);
  const imageId = wantedId ?? newImageId;
  const injectedProperties = rules.injection('web-download', caller);
  const signed = await data.signing.ofImport(request, { imageId, image });
  const asked = {
    ...from.source, importId, storeIds: [rules.defaultStoreId], allStoresMustSucceed: true, skipsPresent: false, ...signed, ...(injectedProperties ? { injectedProperties } : {}),
  } as const;
  const arrival = { actionType: 'import', location: from.location, imageProperties: properties } as const;
  await from.leavingSecrets(importId, () => room.images.send(request, { imageId, command: { ...image, type: 'CreateArrivingImage', arrival, request: asked } }, identity));
  crashPoint('before-acknowledgement');
  return actionOf(parts, request, kind, importId);
}

/** The body of an import. Refuses: InvalidRequest, RequestTooLarge. */
export function readImportAction({ location, image_properties: properties = {}, ...others }: Body): { readonly location: string; readonly properties: Body } {
  const [unknown] = Object.keys(others).filter((name) => name !== 'action_type');
  if (unknown !== undefined) throw invalid(`An import has a location and image_properties, and no ${unknown.slice(0, 64)}. Leave it out.`);
  if (typeof location !== 'string' || location === '') throw invalid('An import needs a location, as {"location": "https://…", "image_properties": {"name": "…"}}.');
  return { location, properties: propertiesIn(properties) };
}

/** What nobody says is found out from the data, where the data is not in a container. Refuses: InvalidRequest. */
function withContainer<Wanted extends Pick<CreateImage, 'containerFormat' | 'diskFormat'>>(command: Wanted): Wanted {
  const { containerFormat, diskFormat } = command;
  if (diskFormat === null && containerFormat !== null && containerFormat !== 'bare') throw invalid(`The disk_format of data in container_format ${containerFormat} cannot be found out. Say it in image_properties.`);
  return { ...command, containerFormat: containerFormat ?? 'bare' };
}

const invalid = (detail: string): Problem => new Problem('InvalidRequest', { detail });
