import { derivedUuid } from '#libs/contracts';
import { Problem, regionsStoreId, type ArrivalType, type ImportToRequest } from '#libs/domain';
import { crashPoint } from '#libs/event-log';
import type { ImageAction } from '#libs/read-model';
import type { Request } from '../edge/request.js';
import { readImageToCreate } from '../images/create-image.js';
import { commandIdentity } from '../images/idempotency.js';
import { pathOf } from '../images/images.js';
import { actionOf, refuseTooMany, type ActionsRoom } from './actions.room.js';
import { sourceOf } from './convert-action.js';
import { propertiesIn } from './image-wanted.js';

type Body = Readonly<Record<string, unknown>>;
interface Asked { readonly value: Body; readonly bytes: Buffer }

const mostRegions = 16;

/**
 * Begins to make an image in another region of one that the caller may download here, in his own name there: what it is, it takes over from the first unless
 * `image_properties` say otherwise. Refuses: InvalidRequest, ImageNotFound, Forbidden, ImageStatusConflict, RegionNotInCatalogue, TooManyActions, Unavailable. Source: seed
 * "new upload workflow" of Glance, which wants clones to other regions as such a resource.
 */
export async function beginClone(parts: ActionsRoom, request: Request, { value, bytes }: Asked): Promise<ImageAction> {
  const { room, rules, regions } = parts;
  refuseOthers(value, ['image_id', 'region', 'image_properties']);
  const source = await sourceOf(parts, request, value['image_id']);
  const region = regionIn(value['region'], rules.region);
  const imageProperties = propertiesIn(value['image_properties']);
  const wantedId = wantedIdIn(imageProperties, room.schema);
  await refuseTooMany(parts, request);
  const { newImageId, newActionId: importId, ...identity } = commandIdentity(request, pathOf(request), bytes);
  const asked = { importId, method: 'clone-image', sourceImageId: source.imageId, targetRegions: [region], targetImageId: wantedId ?? derivedUuid(JSON.stringify(['clone', importId])) } as const;
  const command = errand(request, 'clone', asked, imageProperties);
  await regions.withRegionsToken(request, { importId, regions: [rules.region, region] }, () => room.images.send(request, { imageId: newImageId, command }, identity));
  crashPoint('before-acknowledgement');
  return actionOf(parts, request, 'image-action', importId);
}

/**
 * Begins to bring copies of an image to other regions with the operator's accounts: to those that are named, or as a replication policy says that pushes from here.
 * A copy that is there already is brought up to date. Refuses: Forbidden, InvalidRequest, ImageNotFound, ImageStatusConflict, ReplicationPolicyNotFound, TooManyActions.
 */
export async function beginReplication(parts: ActionsRoom, request: Request, { value, bytes }: Asked): Promise<ImageAction> {
  const { room } = parts;
  room.permissions.require('modify_replication_policies', request.caller);
  refuseOthers(value, ['image_id', 'regions', 'policy_id']);
  const source = await sourceOf(parts, request, value['image_id']);
  const targets = value['policy_id'] === undefined ? { targetRegions: regionsIn(value['regions'], parts.rules.region) } : await targetsOfPolicy(parts, value);
  await refuseTooMany(parts, request);
  const { newImageId, newActionId: importId, ...identity } = commandIdentity(request, pathOf(request), bytes);
  const command = errand(request, 'replicate', { importId, method: 'replicate-image', sourceImageId: source.imageId, ...targets }, {});
  await room.images.send(request, { imageId: newImageId, command }, identity);
  crashPoint('before-acknowledgement');
  return actionOf(parts, request, 'image-action', importId);
}

async function targetsOfPolicy({ room: { readModel, acknowledged } }: ActionsRoom, { policy_id: policyId, regions }: Body): Promise<Pick<ImportToRequest, 'targetRegions' | 'replicationPolicyId'>> {
  if (typeof policyId !== 'string' || regions !== undefined) throw invalid('A replication goes to regions, or by a policy_id, and not by both.');
  const found = await readModel.replicationPolicy(policyId.toLowerCase(), { atLeast: acknowledged.sequence() });
  if (!found) throw new Problem('ReplicationPolicyNotFound', { policyId: policyId.slice(0, 64) });
  const { direction, remoteRegion } = found.policy.settings;
  if (direction !== 'push') throw invalid(`The policy brings images of ${remoteRegion} here. Name one that pushes from here, or start an execution of it.`);
  return { targetRegions: [remoteRegion], replicationPolicyId: found.id };
}

/** The image of an action that leaves none here. */
const errand = ({ caller }: Request, actionType: ArrivalType, asked: Omit<ImportToRequest, 'storeIds' | 'allStoresMustSucceed' | 'skipsPresent'>, imageProperties: Body) => ({
  type: 'CreateArrivingImage', name: null, owner: caller.projectId, isProtected: false, isHidden: false, containerFormat: null, diskFormat: null, minDisk: 0, minRam: 0,
  visibility: 'private', tags: [], properties: {}, arrival: { actionType, imageProperties },
  request: { ...asked, storeIds: [regionsStoreId], allStoresMustSucceed: true, skipsPresent: false },
} as const);

function wantedIdIn(imageProperties: Body, schema: ActionsRoom['room']['schema']): string | undefined {
  if (['disk_format', 'container_format'].some((name) => Object.hasOwn(imageProperties, name))) throw invalid('A clone has the formats of its image. Leave them out, or convert it first.');
  return readImageToCreate(imageProperties, schema).imageId;
}

function refuseOthers(body: Body, names: readonly string[]): void {
  const unknown = Object.keys(body).find((name) => name !== 'action_type' && !names.includes(name));
  if (unknown !== undefined) throw invalid(`This action has ${names.join(', ')}, and no ${unknown.slice(0, 64)}. Leave it out.`);
}

function regionIn(region: unknown, here: string): string {
  if (typeof region !== 'string' || !/^[^\x00-\x1f]{1,64}$/.test(region)) throw invalid('A clone needs the name of the region that it is to be made in. The regions are listed at /v2/info/regions.');
  if (region === here) throw invalid(`${here} is the region that the image is in. Name another one.`);
  return region;
}

function regionsIn(regions: unknown, here: string): string[] {
  if (!Array.isArray(regions) || regions.length === 0 || regions.length > mostRegions) throw invalid(`A replication needs regions, a list of 1 to ${mostRegions} names, or a policy_id.`);
  return [...new Set(regions.map((region) => regionIn(region, here)))];
}

const invalid = (detail: string): Problem => new Problem('InvalidRequest', { detail });
