import { isLowerUuid } from '#libs/contracts';
import { Problem } from '#libs/domain';
import type { FeedCursor, FeedQuery } from '#libs/read-model';
import { listCondition, momentOf } from '../images/list-conditions.js';
import { wholeNumber } from '../images/query.js';

export interface EventQuery extends Omit<FeedQuery, 'after' | 'projectId'> {
  /** Absent: of the caller's own project. `all`: of the region. */
  readonly of?: 'all' | { readonly projectId: string };
  /** Absent: from the beginning, or for who listens, from now on. */
  readonly after?: FeedCursor | 'latest';
}

const defaultLimit = 100;
const maxLimit = 1000;

const refuse = (detail: string): Problem => new Problem('InvalidRequest', { detail });

type Reader = (query: { -readonly [Name in keyof EventQuery]: EventQuery[Name] }, value: string) => void;

const moment = (name: 'since' | 'until'): Reader => (query, value) => {
  const at = momentOf(value);
  if (!at) throw refuse(`The parameter ${name} must be a moment like 2026-01-31T12:00:00Z.`);
  query[name] = at;
};

const readers: Readonly<Record<string, Reader>> = {
  limit(query, value) { query.limit = Math.min(wholeNumber('limit', value, { min: 1 }) ?? defaultLimit, maxLimit); },
  after(query, value) { query.after = value === 'latest' ? value : cursorOf(value); },
  all_projects(query, value) {
    if (!/^(true|1|)$/i.test(value)) throw refuse('The parameter all_projects is true, or not there.');
    query.of = 'all';
  },
  project_id(query, value) { query.of = { projectId: value }; },
  image_id(query, value) {
    if (!isLowerUuid(value.toLowerCase())) throw refuse('The parameter image_id must be the id of an image.');
    query.imageId = value.toLowerCase();
  },
  type(query, value) { query.types = listCondition('type', value); },
  actor(query, value) { query.actor = value; },
  since: moment('since'),
  until: moment('until'),
};

/** `GET /v2/events`, as it was asked. Refuses: InvalidRequest, also for what is no parameter: a filter with a slip in its name would show everything. */
export function eventQuery(parameters: URLSearchParams): EventQuery {
  const query: EventQuery = { limit: defaultLimit };
  for (const name of new Set(parameters.keys())) {
    const read = Object.hasOwn(readers, name) ? readers[name] : undefined;
    if (!read) throw refuse(`The parameter ${name} is not known here. Use ${Object.keys(readers).join(', ')}.`);
    read(query, parameters.getAll(name).at(-1) ?? '');
  }
  return query;
}

/** The cursor that the id of an event is. Refuses: InvalidRequest. */
export function cursorOf(text: string): FeedCursor {
  const [, sequence, ordinal] = /^(\d{1,15})-(\d{1,9})$/.exec(text) ?? [];
  if (sequence === undefined || ordinal === undefined) throw refuse('A place in the feed is the id of an event, as 1234-0, or what an answer gave as cursor.');
  return { sequence: Number(sequence), ordinal: Number(ordinal) };
}

export const cursorText = ({ sequence, ordinal }: FeedCursor): string => `${sequence}-${ordinal}`;
