import { Problem } from '#libs/domain';
import type { ImportListQuery, TaskStatus } from '#libs/read-model';
import type { ListLimits } from '../images/list-query.js';
import { wholeNumber } from '../images/query.js';

const statuses: readonly TaskStatus[] = ['pending', 'processing', 'success', 'failure'];
const types: readonly string[] = ['import', 'api_image_import', 'location_import'];
const sortKeys: Readonly<Record<string, ImportListQuery['sortBy']>> = { created_at: 'createdAt', updated_at: 'updatedAt', status: 'status', type: 'taskType', id: 'importId' };

/** `GET /v2/tasks` as the read model is asked it. Refuses: InvalidRequest. Source: API.md section 16. */
export function taskListQuery(query: URLSearchParams, { limitParamDefault, apiLimitMax }: ListLimits, endedAfter: Date): ImportListQuery {
  const given = (name: string): string | undefined => query.get(name) ?? undefined;
  const limit = wholeNumber('limit', given('limit'), { min: 0 }) ?? limitParamDefault;
  const [status, taskType, marker] = [oneOf('status', given('status'), statuses), oneOf('type', given('type'), types), given('marker')];
  return {
    limit: Math.min(limit, apiLimitMax), endedAfter,
    sortBy: sortKeys[oneOf('sort_key', given('sort_key'), Object.keys(sortKeys)) ?? ''] ?? 'createdAt',
    sortDirection: oneOf('sort_dir', given('sort_dir'), ['asc', 'desc'] as const) ?? 'desc',
    ...(status === undefined ? {} : { status }), ...(taskType === undefined ? {} : { taskType }), ...(marker === undefined ? {} : { marker: marker.toLowerCase() }),
  };
}

function oneOf<Word extends string>(name: string, value: string | undefined, words: readonly Word[]): Word | undefined {
  if (value === undefined) return undefined;
  const found = words.find((word) => word === value);
  if (!found) throw new Problem('InvalidRequest', { detail: `${name} must be one of ${words.join(', ')}.` });
  return found;
}
