import { moment } from '#libs/contracts';
import type { ImageAction } from '#libs/read-model';
import { toldForMs } from '../imports/task.view.js';
import type { ProgressBoard } from '../progress/progress-board.js';
import type { Kind } from './actions.room.js';

export const actionStatuses = ['waiting', 'uploading', 'verifying', 'success', 'failure'] as const;
export type ActionStatus = (typeof actionStatuses)[number];

/**
 * An import as its owner is shown it: what was asked for until it succeeded, then the image that came of it; on failure, why.
 * Source: seed "new upload workflow" of Glance, whose words and moments these are.
 */
export function actionView(kind: Kind, action: ImageAction, board: Pick<ProgressBoard, 'of'>): Record<string, unknown> {
  const { actionId, actionType, imageId, asked, message, createdAt, updatedAt, endedAt } = action;
  const { location, imageId: sourceId } = asked;
  const status = statusOf(action, board);
  const self = `/v2/${kind}s/${actionId}`;
  return {
    id: actionId, action_type: actionType, status,
    ...(location === undefined ? {} : { location }), ...(sourceId === undefined ? {} : { image_id: sourceId }),
    ...targetView(actionType, asked), ...resultView(actionType, status, imageId, asked),
    ...(status === 'failure' ? { message } : {}),
    ...(endedAt ? { 'expires-by': withOffset(new Date(endedAt.getTime() + toldForMs)) } : {}),
    created_at: moment(createdAt), updated_at: moment(updatedAt),
    self, schema: `/v2/schemas/${kind}`,
  };
}

/** Where copies go, by the names of the request. */
function targetView(actionType: string, { regions = [], policyId }: ImageAction['asked']): object {
  if (actionType === 'clone') return { region: regions[0] };
  return actionType === 'replicate' ? { regions, ...(policyId === undefined ? {} : { policy_id: policyId }) } : {};
}

/** An export makes no image, a clone makes one in its region, and a replication may find some there. */
function resultView(actionType: string, status: ActionStatus, imageId: string, { imageProperties, copyId, imageId: sourceId }: ImageAction['asked']): object {
  if (actionType === 'export') return { image_properties: imageProperties };
  if (actionType === 'replicate') return { copies: `/v2/images/${sourceId ?? ''}/copies` };
  if (actionType === 'clone') return status === 'success' ? { image_ref: `/v2/images/${copyId ?? ''}`, copies: `/v2/images/${sourceId ?? ''}/copies` } : { image_properties: imageProperties };
  return status === 'success' ? { image_ref: `/v2/images/${imageId}` } : { image_properties: imageProperties };
}

/** How far it is: the log tells that somebody is at work on it, and progress what with. */
function statusOf({ actionId, imageId, status }: ImageAction, board: Pick<ProgressBoard, 'of'>): ActionStatus {
  if (status === 'pending') return 'waiting';
  if (status !== 'processing') return status;
  const last = board.of(imageId).findLast(({ progress }) => progress.importId === actionId)?.progress;
  return last !== undefined && last.state !== 'failed' && last.step !== 'receiving' ? 'verifying' : 'uploading';
}

/** `2013-05-21T15:19:56+0000`, as the source writes it. */
const withOffset = (date: Date): string => `${date.toISOString().slice(0, 19)}+0000`;
