import { Controller, Delete, Get, HttpCode, Inject, Param, Post, Req } from '@nestjs/common';
import { Problem, type Image, type ImportMethod } from '#libs/domain';
import { throwIfOutOfReach } from '#libs/download';
import type { PolicyRule } from '#libs/identity';
import { DATA, type DataRoom } from '../data/data.room.js';
import { TakesBody } from '../edge/http-server.js';
import { jsonObject } from '../edge/json-body.js';
import { header, type Request } from '../edge/request.js';
import type { AskedImage } from '../images/permissions.js';
import { REGIONS, type RegionsRoom } from '../regions/regions.room.js';
import { GATEWAY_RULES, IMAGES, type GatewayRules, type ImageRoom } from '../tokens.js';
import { readImportRequest } from './import-request.js';
import { queryIn } from './import-source.js';
import { QUERIES, type QueriesRoom } from './queries.room.js';
import { imageTasks } from './image-tasks.js';

/** Imports of an image: asked for here, carried out by the importer. Source: API.md sections 9 and 10. */
@Controller('v2/images/:imageId')
export class ImageImportsController {
  constructor(
    @Inject(IMAGES) private readonly room: ImageRoom, @Inject(GATEWAY_RULES) private readonly rules: GatewayRules, @Inject(DATA) private readonly data: Pick<DataRoom, 'signing'>,
    @Inject(REGIONS) private readonly regions: RegionsRoom, @Inject(QUERIES) private readonly queries: QueriesRoom,
  ) {}

  @Post('import')
  @HttpCode(202)
  @TakesBody()
  async import(@Req() request: Request, @Param('imageId') imageId: string): Promise<void> {
    const { value, bytes } = await jsonObject(request);
    const asked = readImportRequest(value, header(request, 'x-image-meta-store'), this.rules);
    const injectedProperties = this.rules.injection(asked.method, request.caller);
    const { images, permissions } = this.room;
    const visible = await images.visible(imageId, request);
    const signed = asked.method === 'copy-image' ? {} : await this.data.signing.ofImport(request, visible);
    const command = { ...asked, ...(injectedProperties ? { injectedProperties } : {}), ...signed };
    if (command.sourceUri !== undefined) await throwIfOutOfReach(command.sourceUri, this.rules.reach);
    const rules = rulesOf(command.method);
    const change = { request, imageId, body: bytes, command: () => command, check: (asked: AskedImage) => { for (const rule of rules) permissions.requireOn(rule, asked, request.caller); } };
    const send = (): Promise<Image> => images.change(change);
    if (command.method === 'glance-download') await this.regions.withToken(request, command, send);
    else await this.queries.withQuery(queryIn(uriIn(value)), command, send);
  }

  /** Beyond Glance, where only the deletion of the image ends an import. What was staged stays, to be imported again. */
  @Delete('import')
  @HttpCode(204)
  async cancel(@Req() request: Request, @Param('imageId') imageId: string): Promise<void> {
    const { images, permissions } = this.room;
    let importId = '';
    await images.change({
      request, imageId, command: () => ({ type: 'FailImport', importId, reason: 'The import was cancelled.' }),
      check(asked) {
        const { importing } = asked.image;
        for (const rule of rulesOf(importing?.method)) permissions.requireOn(rule, asked, request.caller);
        if (!importing) throw new Problem('ImportNotRunning', { imageId: asked.imageId });
        ({ importId } = importing);
      },
    });
  }

  @Get('tasks')
  async tasks(@Req() request: Request, @Param('imageId') path: string): Promise<object> {
    const { images, permissions } = this.room;
    const { imageId } = await images.visible(path, request);
    const tasks = await imageTasks(images, imageId);
    const isAdmin = permissions.isAdmin(request.caller);
    return { tasks: tasks.filter(({ owner }) => isAdmin || owner === request.caller.projectId) };
  }
}

/** A copy is a matter of the operator's stores; everything else changes the image, and is reserved for operators in some clouds. */
const rulesOf = (method: ImportMethod | undefined): readonly PolicyRule[] => (method === 'copy-image' ? ['copy_image'] : ['modify_image', 'import_image']);

/** Only web-download has one. */
const uriIn = ({ method }: Readonly<Record<string, unknown>>): unknown => {
  const { name, uri } = method as Readonly<Record<string, unknown>>;
  return name === 'web-download' ? uri : undefined;
};
