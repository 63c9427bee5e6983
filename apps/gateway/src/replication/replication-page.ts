import { Problem } from '#libs/domain';
import type { ReplicationPage } from '#libs/read-model';
import { wholeNumber } from '../images/query.js';

/** `limit` and `marker` of a list. Refuses: InvalidRequest. */
export function pageIn(query: URLSearchParams, { limitParamDefault, apiLimitMax }: { readonly limitParamDefault: number; readonly apiLimitMax: number }): ReplicationPage {
  const marker = query.get('marker') ?? undefined;
  const limit = Math.min(wholeNumber('limit', query.get('limit') ?? undefined, { min: 1 }) ?? limitParamDefault, apiLimitMax);
  return { limit, ...(marker === undefined ? {} : { marker }) };
}

/** The link to what follows, where there may be more. */
export const nextLink = (path: string, { limit }: ReplicationPage, last: string | undefined, count: number): { next?: string } =>
  (last === undefined || count < limit ? {} : { next: `${path}?limit=${limit}&marker=${encodeURIComponent(last)}` });

export const noMarker = (marker: string | undefined): Problem => new Problem('InvalidRequest', { detail: `There is no ${(marker ?? '').slice(0, 64)} to begin behind.` });
