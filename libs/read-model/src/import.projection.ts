import { taskTypeOf, type Commit, type TaskType } from '#libs/contracts';
import type { Arrival, ImageEvent, ImportRequest } from '#libs/domain';

/** What clients of Glance call a task, and how far it is. */
export type TaskStatus = 'pending' | 'processing' | 'success' | 'failure';

/** An import as table `imports` keeps it, by column name. */
export interface ImportRow extends ImportStepRow {
  task_type: TaskType;
  owner: string | null;
  created_at: string;
  /** Null where it is no action of its own, but was asked of an image that is there. */
  action: string | null;
  asked: AskedAction | null;
}

/** What was asked for, in the words of the request; `imageId` where another image of this region is its source, `copyId` what a clone of it is called in its region. */
export type AskedAction = Omit<Arrival, 'actionType'> & { readonly imageId?: string; readonly regions?: readonly string[]; readonly copyId?: string; readonly policyId?: string };

/** What a step changes of it. */
export interface ImportStepRow {
  import_id: string;
  image_id: string;
  status: TaskStatus;
  updated_at: string;
  ended_at: string | null;
  /** Why it failed. */
  message: string | null;
}

/** The imports that the commits of one image began or moved on, each once. */
export type ImportNotes = Map<string, ImportRow | ImportStepRow>;

export const isNewImport = (row: ImportRow | ImportStepRow): row is ImportRow => 'created_at' in row;

/** Notes what a commit says of imports; `running` is the one that held the lock before it, and a deletion ends it. */
export function noteImports(notes: ImportNotes, imageId: string, { events, at, actor }: Pick<Commit, 'events' | 'at' | 'actor'>, running: string | undefined): void {
  for (const event of events) {
    if (event.type === 'ImageImportRequested') {
      const { importId } = event.data;
      const moment = at.toISOString();
      const created = events.find((each) => each.type === 'ImageCreated');
      notes.set(importId, {
        import_id: importId, image_id: imageId, task_type: taskTypeOf(event.data), owner: actor.projectId ?? null, status: 'pending', created_at: moment, updated_at: moment, ended_at: null, message: null,
        ...actionOf(created?.data.arrival, event.data),
      });
      continue;
    }
    const importId = event.type === 'ImageDeleted' ? running : importIdIn(event);
    const status = statusAfter(event);
    if (importId === undefined || status === undefined || hasEnded(notes, importId)) continue;
    const moment = at.toISOString();
    const step = { import_id: importId, image_id: imageId, status, updated_at: moment, ended_at: status === 'processing' ? null : moment, message: messageOf(event) };
    notes.set(importId, { ...notes.get(importId), ...step });
  }
}

const actionOf = (arrival: Arrival | undefined, { sourceImageId, sourceRegion, targetRegions: regions, targetImageId: copyId, replicationPolicyId: policyId }: ImportRequest): Pick<ImportRow, 'action' | 'asked'> => {
  if (!arrival) return { action: null, asked: null };
  const { actionType: action, ...asked } = arrival;
  return { action, asked: {
    ...asked, ...(sourceImageId === undefined || sourceRegion !== undefined ? {} : { imageId: sourceImageId }),
    ...(regions ? { regions } : {}), ...(copyId === undefined ? {} : { copyId }), ...(policyId === undefined ? {} : { policyId }),
  } };
};

/** An image that goes with its import adds nothing to it. */
const hasEnded = (notes: ImportNotes, importId: string): boolean => (notes.get(importId)?.ended_at ?? null) !== null;

function messageOf(event: ImageEvent): string | null {
  if (event.type === 'ImageDeleted') return 'The image was deleted.';
  return event.type === 'ImageImportFailed' ? event.data.reason : null;
}

const importIdIn = ({ data }: ImageEvent): string | undefined => ('importId' in data ? data.importId : undefined);

function statusAfter({ type }: ImageEvent): TaskStatus | undefined {
  if (type === 'ImageStoreImportStarted' || type === 'ImageStoreImportFailed') return 'processing';
  if (type === 'ImageImportSucceeded') return 'success';
  return type === 'ImageImportFailed' || type === 'ImageDeleted' ? 'failure' : undefined;
}

/** Two statements that bring new imports and steps of known ones; two parameters from `first` on, as JSON. */
export const importRowsSql = (only: string, first: number): string[] => [
  `insert into imports (import_id, image_id, task_type, owner, status, created_at, updated_at, ended_at, action, asked, message)
     select r.import_id, r.image_id, r.task_type, r.owner, r.status, r.created_at, r.updated_at, r.ended_at, r.action, r.asked, r.message
     from json_populate_recordset(null::imports, $${first}) r ${only} on conflict do nothing`,
  `update imports i set status = r.status, updated_at = r.updated_at, ended_at = r.ended_at, message = r.message
     from json_populate_recordset(null::imports, $${first + 1}) r where i.import_id = r.import_id ${only.replace('where', 'and')}`,
];

export const importRowValues = (imports: readonly (ImportRow | ImportStepRow)[]): string[] =>
  [imports.filter(isNewImport), imports.filter((row) => !isNewImport(row))].map((rows) => JSON.stringify(rows));
