import { Controller, Delete, Get, HttpCode, Inject, Param, Post, Put, Req } from '@nestjs/common';
import { propertyOf, propertySchema, refuseMisfit } from '#libs/definitions';
import { Problem, type MetadefCommand, type MetadefProperty, type Namespace } from '#libs/domain';
import type { PolicyRule } from '#libs/identity';
import { TakesBody } from '../edge/http-server.js';
import { jsonObject } from '../edge/json-body.js';
import type { Request } from '../edge/request.js';
import { queryOf } from '../images/query.js';
import { METADEFS, type MetadefRoom } from '../tokens.js';
import { propertiesView, propertyView } from './metadef.view.js';
import { existing } from './metadefs.js';

/** The properties of a namespace. Source: API.md section 18; api-ref "Metadata definition properties". */
@Controller('v2/metadefs/namespaces/:namespace/properties')
export class PropertiesController {
  constructor(@Inject(METADEFS) private readonly room: MetadefRoom) {}

  @Get()
  async list(@Req() request: Request, @Param('namespace') name: string): Promise<object> {
    const namespace = await this.room.metadefs.reachable(name, request);
    this.room.permissions.requireOn('get_metadef_properties', namespace, request.caller);
    return { properties: propertiesView(namespace.properties) };
  }

  @Get(':property')
  async show(@Req() request: Request, @Param('namespace') name: string, @Param('property') property: string): Promise<object> {
    const resourceType = queryOf(request).get('resource_type');
    const namespace = await this.room.metadefs.reachable(name, request);
    const { permissions } = this.room;
    permissions.requireOn('get_metadef_property', namespace, request.caller);
    if (!resourceType) return propertyView(propertyIn(namespace, property));
    permissions.requireOn('get_metadef_resource_type', namespace, request.caller);
    return propertyView(propertyIn(namespace, withoutPrefix(namespace, resourceType, property)));
  }

  @Post()
  @HttpCode(201)
  @TakesBody()
  async add(@Req() request: Request, @Param('namespace') name: string): Promise<object> {
    const { value, bytes } = await jsonObject(request);
    refuseMisfit(value, propertySchema);
    const property = propertyOf(value);
    const namespace = await this.change(request, name, 'add_metadef_property', { type: 'AddMetadefProperty', ...property }, bytes);
    return propertyView(propertyIn(namespace, property.name));
  }

  @Put(':property')
  @TakesBody()
  async update(@Req() request: Request, @Param('namespace') name: string, @Param('property') oldName: string): Promise<object> {
    const { value, bytes } = await jsonObject(request);
    refuseMisfit(value, propertySchema);
    const property = propertyOf(value);
    const namespace = await this.change(request, name, 'modify_metadef_property', { type: 'ChangeMetadefProperty', oldName, ...property }, bytes);
    return propertyView(propertyIn(namespace, property.name));
  }

  @Delete(':property')
  @HttpCode(204)
  async remove(@Req() request: Request, @Param('namespace') name: string, @Param('property') property: string): Promise<void> {
    await this.change(request, name, 'remove_metadef_property', { type: 'RemoveMetadefProperty', name: property });
  }

  /** Who may delete the namespace may empty it: Glance asks that rule. */
  @Delete()
  @HttpCode(204)
  async removeAll(@Req() request: Request, @Param('namespace') name: string): Promise<void> {
    await this.change(request, name, 'delete_metadef_namespace', { type: 'RemoveMetadefProperties' });
  }

  private async change(request: Request, namespace: string, rule: PolicyRule, command: MetadefCommand, body?: Buffer): Promise<Namespace> {
    return existing(await this.room.metadefs.change({
      request, namespace, command, check: (asked) => this.room.permissions.requireOn(rule, asked, request.caller), ...(body ? { body } : {}),
    }));
  }
}

function propertyIn({ name: namespace, properties }: Namespace, name: string): MetadefProperty {
  const property = properties.find((each) => each.name === name);
  if (!property) throw new Problem('MetadefPropertyNotFound', { namespace, name });
  return property;
}

/** On a resource a property is named with the association's prefix; one without prefix answers nothing. Source: Glance 33, measured. */
function withoutPrefix({ name: namespace, resourceTypes }: Namespace, resourceType: string, name: string): string {
  const association = resourceTypes.find((each) => each.name === resourceType);
  if (!association) throw new Problem('ResourceTypeAssociationNotFound', { namespace, name: resourceType });
  if (!association.prefix || !name.startsWith(association.prefix)) throw new Problem('MetadefPropertyNotFound', { namespace, name });
  return name.slice(association.prefix.length);
}
