import { Controller, Get, Inject } from '@nestjs/common';
import { GATEWAY_RULES, type GatewayRules } from '../tokens.js';

/** What this service can do: import methods and stores. Flags are texts, as in Glance. Source: API.md section 12. */
@Controller('v2/info')
export class InfoController {
  constructor(@Inject(GATEWAY_RULES) private readonly rules: GatewayRules) {}

  @Get('import')
  importMethods(): object {
    return { 'import-methods': { description: 'Import methods available.', type: 'array', value: this.rules.importMethods } };
  }

  @Get('stores')
  stores(): object {
    const { storeIds, readOnlyStoreIds, defaultStoreId } = this.rules;
    return { stores: storeIds.map((id) => ({ id, ...(id === defaultStoreId ? { default: 'true' } : {}), ...(readOnlyStoreIds.includes(id) ? { 'read-only': 'true' } : {}) })) };
  }
}
