import { All, Controller, Get, HttpCode, Inject, Req } from '@nestjs/common';
import { publicOrigin, type AddressRules } from '../edge/address.js';
import { TakesBody } from '../edge/http-server.js';
import type { Request } from '../edge/request.js';
import { apiVersions } from '../edge/version-prefix.js';
import { GATEWAY_RULES } from '../tokens.js';

/** Which API versions there are, told to everybody. `/` also answers for every first path segment that is no version. Source: API.md section 1. */
@Controller()
export class VersionsController {
  constructor(@Inject(GATEWAY_RULES) private readonly rules: AddressRules) {}

  @All('/')
  @HttpCode(300)
  @TakesBody()
  choices(@Req() request: Request): object {
    return this.list(request);
  }

  @Get('versions')
  versions(@Req() request: Request): object {
    return this.list(request);
  }

  private list(request: Request): object {
    const href = `${publicOrigin(request, this.rules)}/v2/`;
    return { versions: apiVersions.map((version) => ({ ...version, links: [{ rel: 'self', href }] })) };
  }
}
