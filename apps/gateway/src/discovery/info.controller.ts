import { Controller, Get, Inject, Req } from '@nestjs/common';
import type { Request } from '../edge/request.js';
import { GATEWAY_RULES, IMAGES, type GatewayRules, type ImageRoom } from '../tokens.js';

/** What this service can do: import methods and stores. Flags are texts, as in Glance. Source: API.md section 12. */
@Controller('v2/info')
export class InfoController {
  constructor(@Inject(GATEWAY_RULES) private readonly rules: GatewayRules, @Inject(IMAGES) private readonly room: Pick<ImageRoom, 'permissions' | 'images'>) {}

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

  /** What the caller's project uses of its limits at the identity service; nothing where use_keystone_limits is off. */
  @Get('usage')
  async usage(@Req() request: Request): Promise<object> {
    const projectId = request.caller?.projectId ?? null;
    return projectId === null ? { usage: {} } : this.room.images.usage(projectId);
  }

  private shown(id: string): object {
    const { readOnlyStoreIds, defaultStoreId } = this.rules;
    return { id, ...(id === defaultStoreId ? { default: 'true' } : {}), ...(readOnlyStoreIds.includes(id) ? { 'read-only': 'true' } : {}) };
  }
}
