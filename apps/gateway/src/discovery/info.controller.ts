import { Controller, Get, Inject, Req } from '@nestjs/common';
import type { Request } from '../edge/request.js';
import { GATEWAY_RULES, IMAGES, type GatewayRules, type ImageRoom } from '../tokens.js';

/** What this service can do: import methods and stores. Flags are texts, as in Glance. Source: API.md section 12. */
@Controller('v2/info')
export class InfoController {
  constructor(@Inject(GATEWAY_RULES) private readonly rules: GatewayRules, @Inject(IMAGES) private readonly room: Pick<ImageRoom, 'permissions'>) {}

  @Get('import')
  importMethods(): object {
    return { 'import-methods': { description: 'Import methods available.', type: 'array', value: this.rules.importMethods } };
  }

  @Get('stores')
  stores(): object {
    return { stores: this.rules.storeIds.map((id) => this.shown(id)) };
  }

  @Get('stores/detail')
  storesInDetail(@Req() request: Request): object {
    this.room.permissions.require('stores_info_detail', request.caller);
    return { stores: this.rules.stores.map(({ id, kind, weight, properties }) => ({ ...this.shown(id), type: kind, weight, properties })) };
  }

  /** What a project uses of its limits at the identity service: none are kept yet, as with Glance's use_keystone_limits at its default. */
  @Get('usage')
  usage(): object {
    return { usage: {} };
  }

  private shown(id: string): object {
    const { readOnlyStoreIds, defaultStoreId } = this.rules;
    return { id, ...(id === defaultStoreId ? { default: 'true' } : {}), ...(readOnlyStoreIds.includes(id) ? { 'read-only': 'true' } : {}) };
  }
}
