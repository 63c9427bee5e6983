import { Problem } from '../problem.js';
import type { Image, ImageEvent, Member } from './image.js';
import { within, type ImageLimits } from './image.limits.js';
import type { MemberStatus } from './image.status.js';

const eventOfStatus = { pending: 'MemberReset', accepted: 'MemberAccepted', rejected: 'MemberRejected' } as const;

/** Shares an image with a project, `pending` until that accepts. Refuses: ImageNotShared, MemberExists, TooManyMembers.
 *  Source: api-ref "Create image member". */
export function addMember(imageId: string, { memberId }: { memberId: string }, image: Image, limits: ImageLimits): ImageEvent[] {
  if (image.visibility !== 'shared') throw new Problem('ImageNotShared', { imageId, visibility: image.visibility });
  within(limits.members, image.members.length + 1, 'TooManyMembers');
  if (memberOf(image, memberId)) throw new Problem('MemberExists', { imageId, memberId });
  return [{ type: 'MemberAdded', data: { memberId } }];
}

/** Accepts, rejects, or takes either back. Refuses: MemberNotFound. Source: api-ref "Update image member". */
export function changeMemberStatus(imageId: string, { memberId, status }: { memberId: string; status: MemberStatus }, image: Image): ImageEvent[] {
  const member = memberOf(image, memberId);
  if (!member) throw new Problem('MemberNotFound', { imageId, memberId });
  return member.status === status ? [] : [{ type: eventOfStatus[status], data: { memberId } }];
}

/** Takes a share back. Refuses: MemberNotFound. Source: api-ref "Delete image member". */
export function removeMember(imageId: string, { memberId }: { memberId: string }, image: Image): ImageEvent[] {
  if (!memberOf(image, memberId)) throw new Problem('MemberNotFound', { imageId, memberId });
  return [{ type: 'MemberRemoved', data: { memberId } }];
}

const memberOf = (image: Image, memberId: string): Member | undefined =>
  image.members.find((member) => member.memberId === memberId);
