import { Problem } from '#libs/domain';
import type { ImageAction } from '#libs/read-model';
import type { DataRoom } from '../data/data.room.js';
import type { Request } from '../edge/request.js';
import type { QueriesRoom } from '../imports/queries.room.js';
import { toldForMs } from '../imports/task.view.js';
import type { ProgressRoom } from '../progress/progress.room.js';
import type { RegionsRoom } from '../regions/regions.room.js';
import type { GatewayRules, ImageRoom } from '../tokens.js';

export const ACTIONS = Symbol('actions');

/** What the routes of imports and other actions work with. */
export interface ActionsRoom {
  readonly room: ImageRoom;
  readonly rules: GatewayRules;
  readonly data: Pick<DataRoom, 'signing' | 'removal'>;
  readonly queries: QueriesRoom;
  readonly regions: Pick<RegionsRoom, 'withObjectToken' | 'withRegionsToken'>;
  readonly progress: ProgressRoom;
  /** How many actions a project may have under way; 0 for any number. */
  readonly mostOpen: number;
}

/** The resource by which a client asks: every import is an action, too. */
export type Kind = 'image-import' | 'image-action';

/** Who ended before is told of no more. */
export const expiry = (): Date => new Date(Date.now() - toldForMs);

/** An action of the caller's project; administrators see those of all. Refuses: Forbidden for tokens of other scopes, ActionNotFound. */
export async function actionOf({ room }: Pick<ActionsRoom, 'room'>, { caller }: Request, kind: Kind, actionId: string): Promise<ImageAction> {
  room.permissions.requireProjectScope(caller);
  const action = await room.readModel.actionById(actionId.toLowerCase(), { atLeast: room.acknowledged.sequence() });
  const isTold = action !== undefined && (action.endedAt === null || action.endedAt > expiry()) && (kind === 'image-action' || action.actionType === 'import');
  if (!isTold || (action.owner !== caller.projectId && !room.permissions.isAdmin(caller))) throw new Problem('ActionNotFound', { kind, actionId: actionId.slice(0, 64), list: `/v2/${kind}s` });
  return action;
}

/** Ends an action that is under way; what it brought is given up. Refuses: ActionNotFound, ActionOver. */
export async function cancelAction(parts: ActionsRoom, request: Request, kind: Kind, actionId: string): Promise<void> {
  const { room, data } = parts;
  const action = await actionOf(parts, request, kind, actionId);
  if (action.endedAt) throw over(kind, action);
  try {
    const image = await room.images.send(request, { imageId: action.imageId, command: { type: 'FailImport', importId: action.actionId, reason: `The ${nouns[action.actionType] ?? 'action'} was cancelled.` } });
    // The event first, the bytes after it: nobody needs to wait for them, and what is not removed now is found by the next pass.
    void data.removal.ofImage(action.imageId, image);
  } catch (error) {
    // It failed, and its image went with it, while the request was on its way.
    if (!(error instanceof Problem) || error.code !== 'ImageNotFound') throw error;
  }
  const now = await actionOf(parts, request, kind, actionId);
  if (now.status === 'success') throw over(kind, now);
}

const over = (kind: Kind, { actionId, status }: ImageAction): Problem => new Problem('ActionOver', { kind, actionId, status });

/** Refuses: TooManyActions. Requests that come at the same moment may each be let in: it is a bound against floods. */
export async function refuseTooMany({ room, mostOpen }: Pick<ActionsRoom, 'room' | 'mostOpen'>, { caller: { projectId } }: Request): Promise<void> {
  if (mostOpen === 0 || projectId === null) return;
  if (await room.readModel.openActions(projectId) >= mostOpen) throw new Problem('TooManyActions', { limit: mostOpen, seconds: 30 });
}

const nouns: Readonly<Record<string, string>> = { import: 'import', convert: 'conversion', export: 'export', clone: 'clone', replicate: 'replication' };
