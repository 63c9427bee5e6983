import { Controller, Get, Inject } from '@nestjs/common';
import { apiVersions } from '../edge/version-prefix.js';
import { GATEWAY_RULES, type GatewayRules } from '../tokens.js';
import { openApi } from './openapi.js';
import type { Route } from './routes-of.js';

export const ROUTES = Symbol('routes');

/** The API described for tools, told to everybody. */
@Controller('openapi.json')
export class OpenApiController {
  private readonly document: object;

  constructor(@Inject(ROUTES) routes: readonly Route[], @Inject(GATEWAY_RULES) rules: Pick<GatewayRules, 'hasCache'>) {
    this.document = openApi({ routes, version: apiVersions(rules).find(({ status }) => status === 'CURRENT')?.id.slice(1) ?? '2' });
  }

  @Get()
  describe(): object {
    return this.document;
  }
}
