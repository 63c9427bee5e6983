import { Controller, Delete, Get, HttpCode, Inject, Param, Post, Put, Req } from '@nestjs/common';
import { memberStatuses, Problem, type Image, type ImageCommand, type Member, type MemberStatus } from '#libs/domain';
import { TakesBody } from '../edge/http-server.js';
import { jsonObject } from '../edge/json-body.js';
import type { Request } from '../edge/request.js';
import type { AskedImage } from '../images/permissions.js';
import { IMAGES, type ImageRoom } from '../tokens.js';
import { memberView } from './member.view.js';

const maxMemberIdLength = 255;

/** Share an image with projects, and answer a share. Source: API.md section 14. */
@Controller('v2/images/:imageId/members')
export class MembersController {
  constructor(@Inject(IMAGES) private readonly room: ImageRoom) {}

  @Post()
  @HttpCode(200)
  @TakesBody()
  async add(@Req() request: Request, @Param('imageId') imageId: string): Promise<object> {
    const { value, bytes } = await jsonObject(request);
    const memberId = value['member'];
    if (typeof memberId !== 'string' || memberId === '' || memberId.length > maxMemberIdLength) {
      throw new Problem('InvalidRequest', { detail: `The body must be {"member": "<project id>"}, with an id of 1 to ${maxMemberIdLength} characters.` });
    }
    const { permissions } = this.room;
    const image = await this.change(request, imageId, bytes, { type: 'AddMember', memberId }, (asked) => permissions.requireOn('add_member', asked, request.caller));
    return memberView(imageId.toLowerCase(), memberIn(image, imageId, memberId));
  }

  @Get()
  async list(@Req() request: Request, @Param('imageId') imageId: string): Promise<object> {
    const asked = await this.room.images.visible(imageId, request);
    const { permissions } = this.room;
    const { caller } = request;
    permissions.requireOn('get_members', asked, caller);
    requireShared(asked);
    const shown = asked.image.members.filter(({ memberId }) => permissions.allowsOnMember('get_member', asked, memberId, caller));
    return { members: shown.map((member) => memberView(asked.imageId, member)), schema: '/v2/schemas/members' };
  }

  @Get(':memberId')
  async show(@Req() request: Request, @Param('imageId') imageId: string, @Param('memberId') memberId: string): Promise<object> {
    const asked = await this.room.images.visible(imageId, request);
    const isAllowed = asked.image.visibility === 'shared' && this.room.permissions.allowsOnMember('get_member', asked, memberId, request.caller);
    if (!isAllowed) throw new Problem('MemberNotFound', { imageId, memberId });
    return memberView(asked.imageId, memberIn(asked.image, imageId, memberId));
  }

  @Put(':memberId')
  @TakesBody()
  async update(@Req() request: Request, @Param('imageId') imageId: string, @Param('memberId') memberId: string): Promise<object> {
    const { value, bytes } = await jsonObject(request);
    if (!Object.hasOwn(value, 'status')) throw unknownStatus();
    const status = value['status'] as MemberStatus;
    const image = await this.change(request, imageId, bytes, { type: 'ChangeMemberStatus', memberId, status }, (asked) => {
      this.requireMember(asked, memberId, request);
      this.room.permissions.requireOnMember('modify_member', asked, memberId, request.caller);
      if (!memberStatuses.includes(status)) throw unknownStatus();
    });
    return memberView(imageId.toLowerCase(), memberIn(image, imageId, memberId));
  }

  @Delete(':memberId')
  @HttpCode(204)
  async remove(@Req() request: Request, @Param('imageId') imageId: string, @Param('memberId') memberId: string): Promise<void> {
    await this.change(request, imageId, undefined, { type: 'RemoveMember', memberId }, (asked) => {
      this.requireMember(asked, memberId, request);
      this.room.permissions.requireOn('delete_member', asked, request.caller);
    });
  }

  /** A member sees none but himself, so that to him the others are not there. */
  private requireMember(asked: AskedImage, memberId: string, { caller }: Request): void {
    requireShared(asked);
    memberIn(asked.image, asked.imageId, memberId);
    if (!this.room.permissions.allowsOnMember('get_member', asked, memberId, caller)) throw new Problem('MemberNotFound', { imageId: asked.imageId, memberId });
  }

  private change(request: Request, imageId: string, body: Buffer | undefined, command: ImageCommand, check: (asked: AskedImage) => void): Promise<Image> {
    return this.room.images.change({ request, imageId, command: () => command, check, ...(body ? { body } : {}) });
  }
}

const unknownStatus = (): Problem => new Problem('InvalidRequest', { detail: `The body must be {"status": "<status>"}, with one of ${memberStatuses.join(', ')}.` });

function requireShared({ imageId, image: { visibility } }: AskedImage): void {
  if (visibility !== 'shared') throw new Problem('ImageNotShared', { imageId, visibility });
}

function memberIn({ members }: Image, imageId: string, memberId: string): Member {
  const member = members.find((each) => each.memberId === memberId);
  if (!member) throw new Problem('MemberNotFound', { imageId, memberId });
  return member;
}
