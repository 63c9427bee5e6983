import { randomUUID } from 'node:crypto';
import { services } from './catalogue.js';
import { projects, stableId } from './directory.js';
import { notFound, Refusal } from './refusal.js';

export interface RegisteredLimit {
  readonly id: string;
  readonly service_id: string;
  readonly region_id: string | null;
  readonly resource_name: string;
  readonly default_limit: number;
  readonly description: string | null;
}

export interface ProjectLimit {
  readonly id: string;
  readonly service_id: string;
  readonly region_id: string | null;
  readonly project_id: string;
  readonly domain_id: null;
  readonly resource_name: string;
  readonly resource_limit: number;
  readonly description: string | null;
}

const image = services[1];
/** So much that nobody meets them who did not lower them; sizes are MiB. */
const defaults = { image_count_total: 10_000, image_count_uploading: 1000, image_size_total: 1024 ** 2, image_stage_total: 1024 ** 2 };
const most = 10_000;

/** Limits as Keystone keeps them, in memory: they begin anew with this service. Those that Glance registers are there from the start. Source: Identity API v3, "Unified limits". */
export function createLimits() {
  const registered = Object.entries(defaults).map(([name, limit]): RegisteredLimit =>
    ({ id: stableId('registered limit', name), service_id: image.id, region_id: null, resource_name: name, default_limit: limit, description: null }));
  const limits: ProjectLimit[] = [];
  return {
    registered: collectionOf(registered, 'registered_limit', readRegistered),
    limits: collectionOf(limits, 'limit', (given) => {
      const limit = readLimit(given);
      const isReferred = registered.some((each) => each.service_id === limit.service_id && each.resource_name === limit.resource_name);
      if (!isReferred) throw new Refusal(403, `There is no registered limit ${limit.resource_name}. Register it first.`);
      return limit;
    }),
  };
}

export type Limits = ReturnType<typeof createLimits>;
interface Resource { readonly id: string; readonly service_id: string; readonly region_id: string | null; readonly resource_name: string }

function collectionOf<One extends Resource>(all: One[], what: string, read: (given: Record<string, unknown>) => One) {
  const find = (id: string): One => {
    const found = all.find((each) => each.id === id);
    if (!found) throw notFound(`${what}: ${id}`);
    return found;
  };
  const same = (one: One, other: One): boolean => one.service_id === other.service_id && one.region_id === other.region_id && one.resource_name === other.resource_name && projectOf(one) === projectOf(other);
  return {
    what, find,
    list: (query: Readonly<Record<string, string>>): One[] => all.filter((each) =>
      Object.entries(each).every(([name, value]) => query[name] === undefined || String(value) === query[name])),
    add(given: readonly Record<string, unknown>[]): One[] {
      const added = given.map(read);
      if (all.length + added.length > most) throw new Refusal(403, `At most ${most} limits are kept here.`);
      if (added.some((one) => all.some((other) => same(one, other)))) throw new Refusal(409, 'There is such a limit already. Change it instead.');
      all.push(...added);
      return added;
    },
    change(id: string, given: Record<string, unknown>): One {
      const changed = { ...read({ ...find(id), ...given }), id };
      all.splice(all.indexOf(find(id)), 1, changed);
      return changed;
    },
    remove(id: string): void {
      all.splice(all.indexOf(find(id)), 1);
    },
  };
}

const projectOf = (one: object): unknown => 'project_id' in one ? one.project_id : undefined;

function readRegistered(given: Record<string, unknown>): RegisteredLimit {
  return { ...readCommon(given), default_limit: amount(given['default_limit'], 'default_limit') };
}

function readLimit(given: Record<string, unknown>): ProjectLimit {
  const projectId = text(given['project_id'], 'project_id');
  if (!projects.some(({ id }) => id === projectId)) throw notFound(`project: ${projectId}`);
  return { ...readCommon(given), project_id: projectId, domain_id: null, resource_limit: amount(given['resource_limit'], 'resource_limit') };
}

function readCommon(given: Record<string, unknown>) {
  const { region_id: region = null, description = null } = given;
  return {
    id: randomUUID().replaceAll('-', ''), service_id: text(given['service_id'], 'service_id'), resource_name: text(given['resource_name'], 'resource_name'),
    region_id: region === null ? null : text(region, 'region_id'), description: description === null ? null : text(description, 'description'),
  };
}

function text(value: unknown, name: string): string {
  if (typeof value === 'string' && value.length > 0 && value.length <= 255) return value;
  throw new Refusal(400, `${name} must be text of 1 to 255 characters.`);
}

function amount(value: unknown, name: string): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= -1 && value < 2 ** 31) return value;
  throw new Refusal(400, `${name} must be a whole number from -1, which is no limit, to ${2 ** 31 - 1}.`);
}
