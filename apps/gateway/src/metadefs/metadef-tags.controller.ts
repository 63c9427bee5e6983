import { Controller, Delete, Get, HttpCode, Inject, Param, Post, Put, Req } from '@nestjs/common';
import { checkedName, refuseMisfit, tagNamesOf, tagSchema, tagsToSetSchema } from '#libs/definitions';
import { Problem, type MetadefCommand, type MetadefTag, type Namespace } from '#libs/domain';
import type { PolicyRule } from '#libs/identity';
import { TakesBody } from '../edge/http-server.js';
import { jsonObject } from '../edge/json-body.js';
import { header, type Request } from '../edge/request.js';
import { refuseText } from '../edge/text.js';
import { queryOf } from '../images/query.js';
import { METADEFS, type MetadefRoom } from '../tokens.js';
import { tagView } from './metadef.view.js';
import { existing } from './metadefs.js';
import { tagPage } from './tag-page.js';

/** The tags of a namespace. Source: API.md section 18; api-ref "Metadata definition tags". */
@Controller('v2/metadefs/namespaces/:namespace/tags')
export class MetadefTagsController {
  constructor(@Inject(METADEFS) private readonly room: MetadefRoom) {}

  @Get()
  async list(@Req() request: Request, @Param('namespace') name: string): Promise<object> {
    const query = queryOf(request);
    const namespace = await this.room.metadefs.reachable(name, request);
    this.room.permissions.requireOn('get_metadef_tags', namespace, request.caller);
    return { tags: tagPage(namespace, query).map((tag) => ({ name: tag.name })) };
  }

  @Get(':tag')
  async show(@Req() request: Request, @Param('namespace') name: string, @Param('tag') tag: string): Promise<object> {
    const namespace = await this.room.metadefs.reachable(name, request);
    this.room.permissions.requireOn('get_metadef_tag', namespace, request.caller);
    return tagView(tagIn(namespace, tag));
  }

  /** Replaces all tags, or adds to them where `X-Openstack-Append` says so. */
  @Post()
  @HttpCode(201)
  @TakesBody()
  async set(@Req() request: Request, @Param('namespace') name: string): Promise<object> {
    const { value, bytes } = await jsonObject(request);
    refuseMisfit(value, tagsToSetSchema);
    const names = tagNamesOf(value);
    await this.change(request, name, ['add_metadef_tags'], { type: 'SetMetadefTags', names, append: isYes(header(request, 'x-openstack-append')) }, bytes);
    return { tags: names.map((tag) => ({ name: tag })) };
  }

  @Post(':tag')
  @HttpCode(201)
  async add(@Req() request: Request, @Param('namespace') name: string, @Param('tag') tag: string): Promise<object> {
    refuseText(tag);
    checkedName(tag, 'A tag');
    return tagView(tagIn(await this.change(request, name, ['add_metadef_tag'], { type: 'AddMetadefTag', name: tag }), tag));
  }

  @Put(':tag')
  @TakesBody()
  async rename(@Req() request: Request, @Param('namespace') name: string, @Param('tag') oldName: string): Promise<object> {
    const { value, bytes } = await jsonObject(request);
    refuseMisfit(value, tagSchema);
    const newName = checkedName(value['name'], 'A tag');
    const namespace = await this.change(request, name, ['modify_metadef_tag'], { type: 'RenameMetadefTag', oldName, name: newName }, bytes);
    return tagView(tagIn(namespace, newName));
  }

  @Delete(':tag')
  @HttpCode(204)
  async remove(@Req() request: Request, @Param('namespace') name: string, @Param('tag') tag: string): Promise<void> {
    await this.change(request, name, ['delete_metadef_tag'], { type: 'RemoveMetadefTag', name: tag });
  }

  @Delete()
  @HttpCode(204)
  async removeAll(@Req() request: Request, @Param('namespace') name: string): Promise<void> {
    await this.change(request, name, ['delete_metadef_namespace', 'delete_metadef_tags'], { type: 'RemoveMetadefTags' });
  }

  private async change(request: Request, namespace: string, rules: readonly PolicyRule[], command: MetadefCommand, body?: Buffer): Promise<Namespace> {
    return existing(await this.room.metadefs.change({
      request, namespace, command, ...(body ? { body } : {}),
      check: (asked) => { for (const rule of rules) this.room.permissions.requireOn(rule, asked, request.caller); },
    }));
  }
}

function tagIn({ name: namespace, tags }: Namespace, name: string): MetadefTag {
  const tag = tags.find((each) => each.name === name);
  if (!tag) throw new Problem('MetadefTagNotFound', { namespace, name });
  return tag;
}

/** As Glance reads a boolean out of a header; everything else is no. */
const isYes = (text = ''): boolean => ['1', 't', 'true', 'on', 'y', 'yes'].includes(text.trim().toLowerCase());
