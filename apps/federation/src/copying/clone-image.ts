import { openRegionsAccess, type CopyOrder } from '#libs/contracts';
import { isLineageName, lineageOf, originOf, Problem, type ShownImage } from '#libs/domain';
import { copyBody } from '../replication/copy-metadata.js';
import type { Cloud } from '../replication/clouds.js';
import { createImageApi, RegionFailure } from '../replication/image-api.js';
import { byDownload, type CarryData } from '../replication/replicate-image.js';
import { byRelay } from '../replication/relay-data.js';
import { unlimited } from '../replication/bandwidth.js';
import type { Ends } from '../replication/see-regions.js';
import type { CopyParts } from './copy-parts.js';

export type CloneOrder = CopyOrder & Required<Pick<CopyOrder, 'clone'>>;

/** Both regions, with the token of who asked, at the addresses of his own catalogue. Refuses: RemoteTokenLost, RemoteTokenRefused. */
export async function endsOfClone({ importId }: CopyOrder, region: string, { tokens, sealKey, clock, region: here }: CopyParts, signal: AbortSignal): Promise<Ends> {
  const sealed = await tokens.get(importId);
  if (sealed === undefined) throw new Problem('RemoteTokenLost');
  const { token, endpoints } = openRegionsAccess(sealKey, sealed, { importId, region }, clock());
  const catalog = [{ type: 'image', name: 'image', endpoints: Object.entries(endpoints).map(([name, url]) => ({ region: name, interface: 'public', url })) }];
  const account = { signedIn: () => Promise.resolve({ token, catalog }), refused: () => undefined };
  const cloud = (name: string): Cloud => ({ region: name, authUrl: '', interface: 'public', account });
  return { source: createImageApi(cloud(here), signal), target: createImageApi(cloud(region), signal) };
}

/** By the target's own glance-download where it has that, else through this service. */
export async function carryDataOf(ends: Ends, totalTimeoutMs: number): Promise<CarryData> {
  const methods = await ends.target.importMethods();
  return methods.includes('glance-download') ? byDownload(ends, { source: 'public', target: 'public' }) : byRelay(ends, unlimited, totalTimeoutMs);
}

/** Makes the copy, or goes on with the one that a killed process began: its id was settled before. Fails with RegionFailure. */
export async function cloneImage({ sourceImageId, clone }: CloneOrder, ends: Ends, carryData: CarryData, signal: AbortSignal): Promise<void> {
  const { source } = ends;
  const image = await source.show(sourceImageId);
  if (image?.status !== 'active') throw new RegionFailure(source.region, 409, image ? `the image is ${image.status}` : 'the image is not there any more');
  const copy = await createdOrFound(image, clone, ends);
  if (copy.status !== 'active') await carryData(image, copy, signal);
}

async function createdOrFound(image: ShownImage, { imageId, imageProperties }: CloneOrder['clone'], ends: Ends): Promise<ShownImage> {
  const { source, target } = ends;
  const created = await target.create({ ...cloneBody(image, source.region, imageProperties), id: imageId });
  if (created !== 'taken') return created;
  const there = await target.show(imageId);
  if (there && isCloneOf(image, there, source.region)) return there;
  throw new RegionFailure(target.region, 409, `the id ${imageId} is taken there`);
}

/** What was asked for goes before what the source is; formats and lineage are those of its bytes. Who may see the copy, and whose it is, is for the caller to say there. */
function cloneBody(image: ShownImage, sourceRegion: string, asked: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { owner: _owner, visibility: _visibility, os_hidden: _hidden, ...taken } = copyBody(image, sourceRegion, {});
  const fixed = Object.entries(taken).filter(([name]) => name.endsWith('_format') || isLineageName(name));
  return { ...taken, ...asked, ...Object.fromEntries(fixed) };
}

function isCloneOf(image: ShownImage, copy: ShownImage, sourceRegion: string): boolean {
  const [origin, lineage] = [originOf({ ...image, region: sourceRegion }), lineageOf(copy.properties)];
  return lineage?.originRegion === origin.originRegion && lineage.originId === origin.originId;
}

/** Takes away what a clone that has ended left unfinished; a copy that is there stays. Fails with RegionFailure. */
export async function removeUnfinished({ clone }: CloneOrder, { target }: Pick<Ends, 'target'>): Promise<void> {
  const copy = await target.show(clone.imageId);
  if (!copy || copy.status === 'active' || copy.status === 'deactivated' || !lineageOf(copy.properties)) return;
  await target.remove(clone.imageId);
}
