import { taskTypeOf, type HistoryEntry, type TaskType } from '#libs/contracts';
import type { ImageEvent, ImportRequest } from '#libs/domain';

/** An import as Glance shows it: a task of the image. */
export interface TaskView {
  readonly id: string;
  readonly type: TaskType;
  readonly status: 'pending' | 'processing' | 'success' | 'failure';
  readonly owner: string | null;
  readonly [field: string]: unknown;
}

/** How long a task is told of after its end. (glance: [task] task_time_to_live) */
export const toldForMs = 48 * 3600 * 1000;

interface Task {
  readonly request: ImportRequest;
  readonly asked: HistoryEntry;
  status: TaskView['status'];
  updatedAt: string;
  endedAt?: string;
  message: string;
}

/** The imports of an image, oldest first, from its own history; those that ended long ago are left out. Source: API.md section 10. */
export function tasksOf(imageId: string, history: readonly HistoryEntry[], now: Date): TaskView[] {
  const tasks = new Map<string, Task>();
  for (const entry of history) for (const event of entry.events) note(tasks, entry, event);
  return [...tasks.values()].filter(({ endedAt }) => endedAt === undefined || now.getTime() - Date.parse(endedAt) < toldForMs).map((task) => taskView(imageId, task));
}

function note(tasks: Map<string, Task>, entry: HistoryEntry, event: ImageEvent): void {
  if (event.type === 'ImageImportRequested') {
    tasks.set(event.data.importId, { request: event.data, asked: entry, status: 'pending', updatedAt: entry.at, message: '' });
  } else if (event.type === 'ImageDeleted') {
    for (const task of tasks.values()) if (task.endedAt === undefined) end(task, entry, 'failure', 'The image was deleted.');
  } else if ('importId' in event.data) {
    const task = tasks.get(event.data.importId);
    if (task) goOn(task, entry, event);
  }
}

function goOn(task: Task, entry: HistoryEntry, event: ImageEvent): void {
  task.updatedAt = entry.at;
  if (event.type === 'ImageStoreImportStarted') Object.assign(task, { status: 'processing', message: `Bringing the data to store ${event.data.storeId}.` });
  if (event.type === 'ImageStoreImportFailed') task.message = `${event.data.storeId}: ${event.data.reason}`;
  if (event.type === 'ImageImportSucceeded') end(task, entry, 'success', '');
  if (event.type === 'ImageImportFailed') end(task, entry, 'failure', event.data.reason);
}

const end = (task: Task, { at }: HistoryEntry, status: TaskView['status'], message: string): void =>
  void Object.assign(task, { status, message, endedAt: at, updatedAt: at });

function taskView(imageId: string, { request, asked, status, updatedAt, endedAt, message }: Task): TaskView {
  const { importId } = request;
  return {
    id: importId, type: taskTypeOf(request), status, message,
    owner: asked.actor.projectId ?? null, user_id: asked.actor.userId, request_id: asked.requestId, image_id: imageId,
    created_at: shown(asked.at), updated_at: shown(updatedAt),
    expires_at: endedAt === undefined ? null : shown(Date.parse(endedAt) + toldForMs), deleted_at: null, deleted: false,
    input: { image_id: imageId, ...inputView(request) },
    result: status === 'success' ? { image_id: imageId } : null,
  };
}

/** What was asked for: a new location, or an import into stores. */
function inputView(request: ImportRequest): Record<string, unknown> {
  const { method, storeIds, allStoresMustSucceed, sourceUri, expectedHashAlgo: algo, expectedHashValue: value } = request;
  if (method === 'location-import') return { loc_url: sourceUri, validation_data: algo === undefined ? {} : { os_hash_algo: algo, os_hash_value: value } };
  return { backend: storeIds, import_req: { method: { name: method, ...sourceView(request) }, stores: storeIds, all_stores_must_succeed: allStoresMustSucceed } };
}

/** Where the bytes come from, in the words of the request. */
function sourceView({ sourceUri, sourceHasQuery, sourceRegion, sourceImageId, sourceInterface }: ImportRequest): Record<string, string | boolean> {
  if (sourceUri !== undefined) return { uri: sourceUri, ...(sourceHasQuery ? { uri_has_query: true } : {}) };
  if (sourceRegion === undefined || sourceImageId === undefined) return {};
  return { glance_image_id: sourceImageId, glance_region: sourceRegion, glance_service_interface: sourceInterface ?? 'public' };
}

/** As Glance writes it here and nowhere else: with microseconds and without a zone. Source: API.md section 2, timestamps. */
const shown = (at: string | number): string => `${new Date(at).toISOString().slice(0, -1)}000`;
