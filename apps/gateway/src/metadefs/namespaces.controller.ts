import { Controller, Delete, Get, HttpCode, Inject, Param, Post, Put, Req, Res } from '@nestjs/common';
import { attributesOf, checkedName, contentOf, linksToo, namespaceSchema, refuseMisfit } from '#libs/definitions';
import type { NamespaceContent } from '#libs/domain';
import type { PolicyRule } from '#libs/identity';
import { requestOrigin } from '../edge/address.js';
import { TakesBody } from '../edge/http-server.js';
import { jsonObject } from '../edge/json-body.js';
import type { Reply, Request } from '../edge/request.js';
import { queryOf } from '../images/query.js';
import { GATEWAY_RULES, METADEFS, type GatewayRules, type MetadefRoom } from '../tokens.js';
import { createdNamespaceView, listedNamespaceView, namespacePath, namespaceView, wholeNamespaceView } from './metadef.view.js';
import { existing } from './metadefs.js';
import { namespaceListQuery, namespacesLink } from './namespace-list.js';

/** Create, list, show, update and delete namespaces. Source: API.md section 18; api-ref "Metadata definition namespaces". */
@Controller('v2/metadefs/namespaces')
export class NamespacesController {
  constructor(@Inject(METADEFS) private readonly room: MetadefRoom, @Inject(GATEWAY_RULES) private readonly rules: GatewayRules) {}

  @Post()
  @HttpCode(201)
  @TakesBody()
  async create(@Req() request: Request, @Res({ passthrough: true }) reply: Reply): Promise<object> {
    const { value, bytes } = await jsonObject(request);
    refuseMisfit(value, namespaceSchema, linksToo);
    const name = checkedName(value['namespace'], 'A namespace');
    const content = contentOf(value);
    for (const rule of rulesFor(content)) this.room.permissions.require(rule, request.caller);
    const command = { type: 'CreateMetadefNamespace', ...attributesOf(value, request.caller), ...content } as const;
    const namespace = await this.room.metadefs.create(request, name, command, bytes);
    reply.header('location', `${requestOrigin(request, this.rules)}${encodeURI(namespacePath(name))}`);
    return createdNamespaceView(namespace, content);
  }

  @Get()
  async list(@Req() request: Request): Promise<object> {
    const parameters = queryOf(request);
    const query = namespaceListQuery(parameters, this.rules);
    const { permissions, readModel, acknowledged } = this.room;
    const { caller } = request;
    permissions.require('get_metadef_namespaces', caller);
    permissions.require('list_metadef_resource_types', caller);
    const viewer = { isAdmin: permissions.isAdmin(caller), ...(caller.projectId === null ? {} : { projectId: caller.projectId }) };
    const found = await readModel.listNamespaces(query, viewer, { atLeast: acknowledged.sequence() });
    const shown = found.filter((namespace) => permissions.allowsOn('get_metadef_namespace', namespace, caller));
    const last = found.at(-1);
    return {
      namespaces: shown.map(listedNamespaceView),
      first: namespacesLink(parameters),
      ...(last && found.length === query.limit ? { next: namespacesLink(parameters, last.name) } : {}),
      schema: '/v2/schemas/metadefs/namespaces',
    };
  }

  @Get(':namespace')
  async show(@Req() request: Request, @Param('namespace') name: string): Promise<object> {
    const resourceType = queryOf(request).get('resource_type');
    const namespace = await this.room.metadefs.reachable(name, request);
    for (const rule of shownParts) this.room.permissions.requireOn(rule, namespace, request.caller);
    return wholeNamespaceView(namespace, namespace.resourceTypes.find((each) => each.name === resourceType)?.prefix);
  }

  @Put(':namespace')
  @TakesBody()
  async update(@Req() request: Request, @Param('namespace') name: string): Promise<object> {
    const { value, bytes } = await jsonObject(request);
    refuseMisfit(value, namespaceSchema, linksToo);
    const newName = checkedName(value['namespace'], 'A namespace');
    const attributes = attributesOf({ ...value, owner: value['owner'] === '' ? undefined : value['owner'] }, request.caller);
    const namespace = await this.room.metadefs.change({
      request, namespace: name, body: bytes,
      command: ({ commandId }) => newName === name ? { type: 'ChangeMetadefNamespace', ...attributes } : { type: 'RenameMetadefNamespace', renameId: commandId, to: newName, ...attributes },
      check: (asked) => this.room.permissions.requireOn('modify_metadef_namespace', asked, request.caller),
    });
    return namespaceView(existing(namespace));
  }

  @Delete(':namespace')
  @HttpCode(204)
  async remove(@Req() request: Request, @Param('namespace') name: string): Promise<void> {
    await this.room.metadefs.change({
      request, namespace: name, command: { type: 'DeleteMetadefNamespace' },
      check: (asked) => this.room.permissions.requireOn('delete_metadef_namespace', asked, request.caller),
    });
  }
}

/** A namespace is shown with all that it holds. */
const shownParts = [
  'get_metadef_namespace', 'list_metadef_resource_types', 'get_metadef_objects', 'get_metadef_properties', 'get_metadef_tags',
] as const satisfies readonly PolicyRule[];

const rulesFor = ({ resourceTypes, objects, properties, tags }: NamespaceContent): readonly PolicyRule[] => [
  'add_metadef_namespace',
  ...(resourceTypes.length > 0 ? ['add_metadef_resource_type_association' as const] : []),
  ...(objects.length > 0 ? ['add_metadef_object' as const] : []),
  ...(properties.length > 0 ? ['add_metadef_property' as const] : []),
  ...(tags.length > 0 ? ['add_metadef_tag' as const] : []),
];
