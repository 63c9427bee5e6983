import { moment } from '#libs/contracts';
import { Controller, Delete, Get, HttpCode, Inject, Param, Post, Req } from '@nestjs/common';
import { refuseMisfit, resourceTypeOf, resourceTypeSchema } from '#libs/definitions';
import type { MetadefCommand, Namespace } from '#libs/domain';
import type { PolicyRule } from '#libs/identity';
import { TakesBody } from '../edge/http-server.js';
import { jsonObject } from '../edge/json-body.js';
import type { Request } from '../edge/request.js';
import { METADEFS, type MetadefRoom } from '../tokens.js';
import { resourceTypeView } from './metadef.view.js';
import { existing } from './metadefs.js';

/** Resource types, and which of them a namespace is for. Source: API.md section 18; api-ref "Metadata definition resource types". */
@Controller('v2/metadefs')
export class ResourceTypesController {
  constructor(@Inject(METADEFS) private readonly room: MetadefRoom) {}

  @Get('resource_types')
  async listAll(@Req() request: Request): Promise<object> {
    const { permissions, readModel, acknowledged } = this.room;
    permissions.require('list_metadef_resource_types', request.caller);
    const found = await readModel.resourceTypes({ atLeast: acknowledged.sequence() });
    return { resource_types: found.map(({ name, createdAt }) => ({ name, created_at: moment(createdAt), updated_at: moment(createdAt) })) };
  }

  @Get('namespaces/:namespace/resource_types')
  async list(@Req() request: Request, @Param('namespace') name: string): Promise<object> {
    const namespace = await this.room.metadefs.reachable(name, request);
    const { permissions } = this.room;
    permissions.requireOn('list_metadef_resource_types', namespace, request.caller);
    const shown = permissions.allowsOn('get_metadef_resource_type', namespace, request.caller) ? namespace.resourceTypes : [];
    return { resource_type_associations: shown.map(resourceTypeView) };
  }

  @Post('namespaces/:namespace/resource_types')
  @HttpCode(201)
  @TakesBody()
  async associate(@Req() request: Request, @Param('namespace') name: string): Promise<object> {
    const { value, bytes } = await jsonObject(request);
    refuseMisfit(value, resourceTypeSchema);
    const resourceType = resourceTypeOf(value);
    const { resourceTypes } = await this.change(request, name, 'add_metadef_resource_type_association', { type: 'AssociateMetadefResourceType', ...resourceType }, bytes);
    const association = resourceTypes.find((each) => each.name === resourceType.name);
    if (!association) throw new Error('a resource type was associated and is not there');
    return resourceTypeView(association);
  }

  @Delete('namespaces/:namespace/resource_types/:resourceType')
  @HttpCode(204)
  async dissociate(@Req() request: Request, @Param('namespace') name: string, @Param('resourceType') resourceType: string): Promise<void> {
    await this.change(request, name, 'remove_metadef_resource_type_association', { type: 'DissociateMetadefResourceType', name: resourceType });
  }

  private async change(request: Request, namespace: string, rule: PolicyRule, command: MetadefCommand, body?: Buffer): Promise<Namespace> {
    return existing(await this.room.metadefs.change({
      request, namespace, command, check: (asked) => this.room.permissions.requireOn(rule, asked, request.caller), ...(body ? { body } : {}),
    }));
  }
}
