import { Problem } from '#libs/domain';
import type { ImageAction } from '#libs/read-model';
import type { Request } from '../edge/request.js';
import { pathOf } from '../images/images.js';
import { queryOf, wholeNumber } from '../images/query.js';
import { expiry, type ActionsRoom } from './actions.room.js';

/** A page of the caller's own actions, newest first; of administrators those of all. Refuses: Forbidden for tokens of other scopes, InvalidRequest. */
export async function listOwn({ room, rules }: Pick<ActionsRoom, 'room' | 'rules'>, request: Request, actionType: string | undefined): Promise<{ readonly actions: readonly ImageAction[]; readonly links: object }> {
  const { caller } = request;
  room.permissions.requireProjectScope(caller);
  const parameters = queryOf(request);
  const page = pageOf(parameters, rules);
  const query = {
    ...page, endedAfter: expiry(), ...(actionType === undefined ? {} : { actionType }),
    ...(room.permissions.isAdmin(caller) ? {} : { owner: caller.projectId ?? '' }),
  };
  const actions = await room.readModel.listActions(query, { atLeast: room.acknowledged.sequence() });
  if (!actions) throw new Problem('InvalidRequest', { detail: `There is nothing ${String(page.marker).slice(0, 64)} to begin behind. Begin again without a marker.` });
  const last = actions.at(-1);
  const path = pathOf(request);
  return { actions, links: { first: link(path, parameters), ...(last && actions.length === page.limit ? { next: link(path, parameters, last.actionId) } : {}) } };
}

function pageOf(parameters: URLSearchParams, { limitParamDefault, apiLimitMax }: ActionsRoom['rules']): { limit: number; marker?: string } {
  const limit = wholeNumber('limit', parameters.get('limit') ?? undefined, { min: 0 }) ?? limitParamDefault;
  const marker = parameters.get('marker');
  return { limit: Math.min(limit, apiLimitMax), ...(marker === null ? {} : { marker: marker.toLowerCase() }) };
}

function link(path: string, parameters: URLSearchParams, marker?: string): string {
  const kept = [...parameters].filter(([name]) => name !== 'marker');
  const query = new URLSearchParams(marker === undefined ? kept : [['marker', marker], ...kept]).toString();
  return query === '' ? path : `${path}?${query}`;
}
