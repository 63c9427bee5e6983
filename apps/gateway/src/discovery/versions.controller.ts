import { All, Controller, Header, HttpCode, Inject, Req } from '@nestjs/common';
import { publicOrigin, type AddressRules } from '../edge/address.js';
import { TakesBody } from '../edge/http-server.js';
import type { Request } from '../edge/request.js';
import { apiVersions } from '../edge/version-prefix.js';
import { GATEWAY_RULES, type GatewayRules } from '../tokens.js';

/**
 * A client that was started with a closed standard input gets the first connection it opens as file descriptor 0. The openstack command asks for
 * the versions first, keeps that connection, and then takes it for an image on its standard input. So this one is not kept.
 */
const notKept = ['Connection', 'close'] as const;

/** Which API versions there are, told to everybody. `/` also answers for every first path segment that is no version. Source: API.md section 1. */
@Controller()
export class VersionsController {
  constructor(@Inject(GATEWAY_RULES) private readonly rules: AddressRules & Pick<GatewayRules, 'hasCache'>) {}

  @All('/')
  @Header(...notKept)
  @HttpCode(300)
  @TakesBody()
  choices(@Req() request: Request): object {
    return this.list(request);
  }

  @All('versions')
  @Header(...notKept)
  @HttpCode(200)
  @TakesBody()
  versions(@Req() request: Request): object {
    return this.list(request);
  }

  private list(request: Request): object {
    const href = `${publicOrigin(request, this.rules)}/v2/`;
    return { versions: apiVersions(this.rules).map((version) => ({ ...version, links: [{ rel: 'self', href }] })) };
  }
}
