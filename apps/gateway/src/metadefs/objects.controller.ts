import { Controller, Delete, Get, HttpCode, Inject, Param, Post, Put, Req } from '@nestjs/common';
import { linksToo, objectOf, objectSchema, refuseMisfit } from '#libs/definitions';
import { Problem, type MetadefCommand, type MetadefObject, type Namespace } from '#libs/domain';
import type { PolicyRule } from '#libs/identity';
import { TakesBody } from '../edge/http-server.js';
import { jsonObject } from '../edge/json-body.js';
import type { Request } from '../edge/request.js';
import { queryOf, wholeNumber } from '../images/query.js';
import { METADEFS, type MetadefRoom } from '../tokens.js';
import { objectView, writtenObjectView } from './metadef.view.js';
import { existing } from './metadefs.js';
import { oneOf, sortDirectionOf } from './namespace-list.js';

/** The objects of a namespace. Source: API.md section 18; api-ref "Metadata definition objects". */
@Controller('v2/metadefs/namespaces/:namespace/objects')
export class ObjectsController {
  constructor(@Inject(METADEFS) private readonly room: MetadefRoom) {}

  /** All of them: Glance checks how a page is asked for, and then gives none. */
  @Get()
  async list(@Req() request: Request, @Param('namespace') name: string): Promise<object> {
    refuseMeaninglessPage(queryOf(request));
    const namespace = await this.room.metadefs.reachable(name, request);
    const { permissions } = this.room;
    permissions.requireOn('get_metadef_objects', namespace, request.caller);
    const shown = permissions.allowsOn('get_metadef_object', namespace, request.caller) ? namespace.objects : [];
    return { objects: shown.map((object) => objectView(namespace.name, object)), schema: 'v2/schemas/metadefs/objects' };
  }

  @Get(':object')
  async show(@Req() request: Request, @Param('namespace') name: string, @Param('object') object: string): Promise<object> {
    const namespace = await this.room.metadefs.reachable(name, request);
    this.room.permissions.requireOn('get_metadef_object', namespace, request.caller);
    return objectView(name, objectIn(namespace, object));
  }

  @Post()
  @HttpCode(201)
  @TakesBody()
  async add(@Req() request: Request, @Param('namespace') name: string): Promise<object> {
    const { value, bytes } = await jsonObject(request);
    refuseMisfit(value, objectSchema, linksToo);
    const object = objectOf(value);
    const namespace = await this.change(request, name, 'add_metadef_object', { type: 'AddMetadefObject', ...object }, bytes);
    return writtenObjectView(name, objectIn(namespace, object.name), value);
  }

  @Put(':object')
  @TakesBody()
  async update(@Req() request: Request, @Param('namespace') name: string, @Param('object') oldName: string): Promise<object> {
    const { value, bytes } = await jsonObject(request);
    refuseMisfit(value, objectSchema, linksToo);
    const object = objectOf(value);
    const namespace = await this.change(request, name, 'modify_metadef_object', { type: 'ChangeMetadefObject', oldName, ...object }, bytes);
    return writtenObjectView(name, objectIn(namespace, object.name), value);
  }

  @Delete(':object')
  @HttpCode(204)
  async remove(@Req() request: Request, @Param('namespace') name: string, @Param('object') object: string): Promise<void> {
    await this.change(request, name, 'delete_metadef_object', { type: 'RemoveMetadefObject', name: object });
  }

  /** Who may delete the namespace may empty it: Glance asks that rule. */
  @Delete()
  @HttpCode(204)
  async removeAll(@Req() request: Request, @Param('namespace') name: string): Promise<void> {
    await this.change(request, name, 'delete_metadef_namespace', { type: 'RemoveMetadefObjects' });
  }

  private async change(request: Request, namespace: string, rule: PolicyRule, command: MetadefCommand, body?: Buffer): Promise<Namespace> {
    return existing(await this.room.metadefs.change({
      request, namespace, command, check: (asked) => this.room.permissions.requireOn(rule, asked, request.caller), ...(body ? { body } : {}),
    }));
  }
}

function refuseMeaninglessPage(query: URLSearchParams): void {
  wholeNumber('limit', query.get('limit') ?? undefined, { min: 1 });
  sortDirectionOf(query);
  const visibility = query.get('visibility');
  if (visibility) oneOf('visibility', ['public', 'private', 'shared'], visibility);
}

function objectIn({ name: namespace, objects }: Namespace, name: string): MetadefObject {
  const object = objects.find((each) => each.name === name);
  if (!object) throw new Problem('MetadefObjectNotFound', { namespace, name });
  return object;
}
