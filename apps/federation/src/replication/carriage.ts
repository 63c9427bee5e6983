import type { ReplicationPolicy } from '#libs/domain';
import { createBandwidth, unlimited } from './bandwidth.js';
import type { Cloud, Clouds } from './clouds.js';
import { createImageApi, RegionFailure } from './image-api.js';
import { byRelay } from './relay-data.js';
import { byDownload, type CarryData } from './replicate-image.js';
import type { Ends } from './see-regions.js';

/** How the images of a policy travel. */
export interface Carriage { readonly ends: Ends; readonly carryData: CarryData }

export interface CarriageOptions {
  /** This region. */
  readonly region: string;
  readonly clouds: Clouds;
  /** How long one image may take through this service. */
  readonly totalTimeoutMs: number;
}

/**
 * By the target's own glance-download where it has that method, both regions know the operator's account from one Keystone, and nothing limits the bandwidth;
 * else through this service. Fails with RegionFailure.
 */
export const openCarriage = ({ region, clouds, totalTimeoutMs }: CarriageOptions) => async (_: string, { settings }: Pick<ReplicationPolicy, 'settings'>, signal: AbortSignal): Promise<Carriage> => {
  const [here, there] = [accountOf(clouds, region), accountOf(clouds, settings.remoteRegion)];
  const [from, to] = settings.direction === 'pull' ? [there, here] : [here, there];
  const ends = { source: createImageApi(from, signal), target: createImageApi(to, signal) };
  const fetchesItself = settings.bytesPerSecond === undefined && from.authUrl === to.authUrl && (await ends.target.importMethods()).includes('glance-download');
  const carryData = fetchesItself ? byDownload(ends, { source: from.interface, target: to.interface })
    : byRelay(ends, settings.bytesPerSecond === undefined ? unlimited : createBandwidth(settings.bytesPerSecond), totalTimeoutMs);
  return { ends, carryData };
};

function accountOf(clouds: Clouds, region: string): Cloud {
  const cloud = clouds.get(region);
  if (!cloud) throw new RegionFailure(region, 0, 'the operator has given no account for it (heliograph.replication_clouds)');
  return cloud;
}
