import { moment } from '#libs/contracts';
import type { ImportHead } from '#libs/read-model';
import { toldForMs, type TaskView } from '../imports/task.view.js';

/** A task in a list: what it is and how far. Source: API.md section 16, "stub omits input/result/message". */
export function taskStub({ importId, taskType, status, owner, createdAt, updatedAt, endedAt }: ImportHead): Record<string, unknown> {
  return {
    id: importId, type: taskType, status, owner, created_at: moment(createdAt), updated_at: moment(updatedAt),
    ...(endedAt ? { expires_at: moment(new Date(endedAt.getTime() + toldForMs)) } : {}),
    self: `/v2/tasks/${importId}`, schema: '/v2/schemas/task',
  };
}

/** A task by itself: the import's own story over what the list says of it. */
export function taskInFull(head: ImportHead, { input, result, message, request_id, user_id, image_id }: TaskView): Record<string, unknown> {
  return { ...taskStub(head), input: head.taskType === 'import' ? legacyInput(input) : input, result, message, image_id, request_id, user_id };
}

/** As it was asked for, as far as it is remembered. */
function legacyInput(input: unknown): unknown {
  const { import_req: { method } } = input as { import_req: { method: { uri?: string } } };
  return { import_from: method.uri ?? null };
}
