import { Controller, Get, Inject, Req } from '@nestjs/common';
import type { ReachedService } from '#libs/contracts';
import { imageEndpoints } from '#libs/identity';
import type { Request } from '../edge/request.js';
import { GATEWAY_RULES, type GatewayRules } from '../tokens.js';
import { REGIONS, type RegionsRoom } from './regions.room.js';

interface RegionView {
  readonly name: string;
  readonly this_region: boolean;
  readonly interfaces: readonly string[];
  readonly reachable: boolean;
  readonly version: string | null;
  readonly reason: string | null;
}

/** The regions of the caller's own catalogue that have an image service, and whether it answers from here. Beyond Glance. */
@Controller('v2/info/regions')
export class RegionsController {
  constructor(@Inject(REGIONS) private readonly room: RegionsRoom, @Inject(GATEWAY_RULES) private readonly rules: Pick<GatewayRules, 'region'>) {}

  @Get()
  async regions(@Req() request: Request): Promise<{ regions: RegionView[] }> {
    const endpoints = imageEndpoints(request.caller.catalog);
    const names = [...new Set(endpoints.map(({ region }) => region))].slice(0, mostRegions);
    const asked = names.map((name) => {
      const own = endpoints.filter(({ region }) => region === name);
      return { name, interfaces: own.map((endpoint) => endpoint.interface), url: (own.find((endpoint) => endpoint.interface === 'public') ?? own[0])?.url ?? '' };
    });
    const services = asked.length === 0 ? [] : await this.room.reach(asked.map(({ url }) => url));
    return { regions: asked.map(({ name, interfaces, url }) => regionView(name, interfaces, name === this.rules.region, services.find((service) => service.url === url))) };
  }
}

const mostRegions = 100;

const regionView = (name: string, interfaces: readonly string[], isOurs: boolean, service: ReachedService | undefined): RegionView => ({
  name, this_region: isOurs, interfaces, reachable: service?.isReachable ?? false, version: service?.version ?? null, reason: service?.reason ?? null,
});
