import { arrivalTypes, Problem } from '#libs/domain';
import type { ImageAction } from '#libs/read-model';
import type { Request } from '../edge/request.js';
import type { ActionsRoom } from './actions.room.js';
import { beginConversion } from './convert-action.js';
import { beginClone, beginReplication } from './copy-action.js';
import { beginExport } from './export-action.js';
import { beginImport } from './import-action.js';

/** Begins the action that the body names. Refuses: InvalidRequest, and what that action does. */
export function beginAction(parts: ActionsRoom, request: Request, body: { readonly value: Readonly<Record<string, unknown>>; readonly bytes: Buffer }): Promise<ImageAction> {
  const actionType = body.value['action_type'];
  if (actionType === 'import') return beginImport(parts, request, 'image-action', body);
  if (actionType === 'convert') return beginConversion(parts, request, body);
  if (actionType === 'export') return beginExport(parts, request, body);
  if (actionType === 'clone') return beginClone(parts, request, body);
  if (actionType === 'replicate') return beginReplication(parts, request, body);
  throw new Problem('InvalidRequest', { detail: `An action needs an action_type: ${arrivalTypes.join(', ')}.` });
}
