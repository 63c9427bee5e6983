import { moment } from '#libs/contracts';
import type { Member } from '#libs/domain';

/** A member as the Image API shows it. Source: API.md section 14. */
export const memberView = (imageId: string, { memberId, status, createdAt, updatedAt }: Member): Record<string, unknown> => ({
  member_id: memberId,
  image_id: imageId,
  status,
  created_at: moment(createdAt),
  updated_at: moment(updatedAt),
  schema: '/v2/schemas/member',
});
