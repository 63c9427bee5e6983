import { Controller, Delete, Get, HttpCode, Inject, Param, Patch, Post, Req, Res } from '@nestjs/common';
import { Problem, type LocationChange, type PropertyChange } from '#libs/domain';
import { crashPoint } from '#libs/event-log';
import { requestOrigin } from '../edge/address.js';
import { DATA, type DataRoom } from '../data/data.room.js';
import { TakesBody } from '../edge/http-server.js';
import { jsonBody, jsonObject } from '../edge/json-body.js';
import { header, type Reply, type Request } from '../edge/request.js';
import { GATEWAY_RULES, IMAGES, type GatewayRules, type ImageRoom } from '../tokens.js';
import { isOnLocations, locationChanges, requireLocationChanges, type LocationParts } from '../locations/location-changes.js';
import { changesOf, refuseImpossible, setsOwner, visibilitiesIn } from './change-image.js';
import { createImageCommand, readImageToCreate } from './create-image.js';
import { commandIdentity } from './idempotency.js';
import { pathOf } from './images.js';
import { parsePatch, patchVersion, type PatchOperation } from './json-patch.js';

/** Create, show, update and delete an image. Source: API.md sections 4 to 6. */
@Controller('v2/images')
export class ImagesController {
  constructor(@Inject(IMAGES) private readonly room: ImageRoom, @Inject(GATEWAY_RULES) private readonly rules: GatewayRules, @Inject(DATA) private readonly data: DataRoom) {}

  @Post()
  @HttpCode(201)
  @TakesBody()
  async create(@Req() request: Request, @Res({ passthrough: true }) reply: Reply): Promise<object> {
    const { value, bytes } = await jsonObject(request);
    const wanted = readImageToCreate(value, this.room.schema);
    const owner = wanted.owner === undefined ? request.caller.projectId : wanted.owner;
    this.room.permissions.requireNew(request.caller, owner, wanted.visibility);
    const command = createImageCommand(wanted, owner);
    this.room.properties.requireCreatable(command.properties, request.caller);
    const identity = commandIdentity(request, pathOf(request), bytes);
    const imageId = wanted.imageId ?? identity.newImageId;
    const image = await this.room.images.send(request, { imageId, command }, identity);
    crashPoint('before-acknowledgement');
    reply.header('location', `${requestOrigin(request, this.rules)}/v2/images/${imageId}`);
    const { importMethods, storeIds } = this.rules;
    if (importMethods.length > 0) reply.header('openstack-image-import-methods', importMethods.join(','));
    if (storeIds.length > 0) reply.header('openstack-image-store-ids', storeIds.join(','));
    return this.room.show(imageId, image, request.caller);
  }

  @Get(':imageId')
  async show(@Req() request: Request, @Res({ passthrough: true }) reply: Reply, @Param('imageId') imageId: string): Promise<string> {
    const { imageId: id, image } = await this.room.images.visible(imageId, request);
    reply.header('content-type', 'application/json');
    return this.room.write(id, image, request.caller);
  }

  @Patch(':imageId')
  @TakesBody()
  async update(@Req() request: Request, @Res({ passthrough: true }) reply: Reply, @Param('imageId') imageId: string): Promise<object | string> {
    const version = patchVersion(header(request, 'content-type'));
    const { value, bytes } = await jsonBody(request);
    const operations = parsePatch(value, version);
    refuseImpossible(operations, this.room.schema);
    const { permissions, images, properties } = this.room;
    let changes: readonly PropertyChange[] = [];
    if (operations.length === 0) return this.show(request, reply, imageId);
    const parts = { rules: this.rules, permissions, sizeAt: this.data.sizeAt };
    const located = operations.some(isOnLocations) ? await this.lookAtLocations(operations, imageId, request, parts) : new Map<never, never>();
    const image = await images.change({
      request, imageId, body: bytes,
      check(asked) {
        requireLocationChanges(operations, asked, request, parts);
        for (const visibility of visibilitiesIn(operations)) permissions.requireVisibility(asked, visibility, request.caller);
        if (!operations.every(isOnLocations)) permissions.requireOn('modify_image', asked, request.caller);
        if (setsOwner(operations) && !permissions.isAdmin(request.caller)) throw ownerForbidden();
        changes = properties.changesBy(request.caller, changesOf(operations, located), asked.image.properties);
      },
      command: () => ({ type: 'ChangeImageProperties', changes }),
    });
    if (operations.some(isOnLocations)) void this.data.removal.ofImage(imageId.toLowerCase(), image);
    return this.room.show(imageId.toLowerCase(), image, request.caller);
  }

  /** Before the command, because it takes requests to other servers. */
  private async lookAtLocations(operations: readonly PatchOperation[], imageId: string, request: Request, parts: LocationParts): Promise<ReadonlyMap<PatchOperation, LocationChange>> {
    const asked = await this.room.images.visible(imageId, request);
    requireLocationChanges(operations, asked, request, parts);
    return locationChanges(operations, asked, parts);
  }

  @Delete(':imageId')
  @HttpCode(204)
  async delete(@Req() request: Request, @Param('imageId') imageId: string): Promise<void> {
    const { permissions, images } = this.room;
    const image = await images.change({
      request, imageId, command: () => ({ type: 'DeleteImage' }),
      check: (now) => permissions.requireOn('delete_image', now, request.caller),
    });
    // The event first, the bytes after it: nobody needs to wait for them, and what is not removed now is found by the next pass.
    void this.data.removal.ofImage(imageId.toLowerCase(), image);
    void this.data.cache?.queue.remove(imageId.toLowerCase());
    void this.data.cache?.images.remove(imageId.toLowerCase());
  }

  @Post(':imageId/actions/deactivate')
  @HttpCode(204)
  async deactivate(@Req() request: Request, @Param('imageId') imageId: string): Promise<void> {
    const { permissions, images } = this.room;
    await images.change({ request, imageId, command: () => ({ type: 'DeactivateImage' }), check: (now) => permissions.requireOn('deactivate', now, request.caller) });
  }

  @Post(':imageId/actions/reactivate')
  @HttpCode(204)
  async reactivate(@Req() request: Request, @Param('imageId') imageId: string): Promise<void> {
    const { permissions, images } = this.room;
    await images.change({ request, imageId, command: () => ({ type: 'ReactivateImage' }), check: (now) => permissions.requireOn('reactivate', now, request.caller) });
  }

  /** Ours: a deleted image comes back while the operator keeps it. No list and no read knows it meanwhile, so its last owner is asked of the log. */
  @Post(':imageId/actions/undelete')
  @HttpCode(204)
  async undelete(@Req() request: Request, @Param('imageId') imageId: string): Promise<void> {
    const { permissions, images } = this.room;
    permissions.requireProjectScope(request.caller);
    const { owner } = await images.history(imageId, { afterVersion: 0, limit: 0 });
    const id = imageId.toLowerCase();
    if (!permissions.allowsUndelete({ imageId: id, owner }, request.caller)) {
      await images.visible(imageId, request);
      throw undeleteForbidden();
    }
    await images.send(request, { imageId: id, command: { type: 'UndeleteImage' } }, commandIdentity(request, pathOf(request)));
  }
}

const undeleteForbidden = (): Problem => new Problem('Forbidden', { detail: 'Only the owning project and administrators may bring a deleted image back.' });
const ownerForbidden = (): Problem => new Problem('Forbidden', { detail: 'Only an administrator may change the owner of an image.' });
