import { Problem } from '#libs/domain';
import { createHttpClient, identityUrlOf, retried, type Answer } from './http.js';
import { createOwnToken, type ServiceUser } from './service-user.js';

/** Options of Glance's section `oslo_limit`, by the same names in camel case. */
export interface UnifiedLimitsOptions {
  readonly authUrl: string;
  /** Must be allowed to read the limits of all projects: a reader on the whole system. */
  readonly serviceUser: ServiceUser;
  /** The image endpoint that limits are registered for; without it the service of this type, in this region. */
  readonly endpoint: { readonly id: string } | { readonly serviceType: string; readonly region: string };
  readonly timeoutMs?: number;
  readonly now?: () => Date;
  readonly warn?: (message: string) => void;
}

export interface UnifiedLimits {
  /**
   * What a project may use at most, by the names that the limits are registered under: its own limit, else the registered default. Infinity for -1; a name
   * that is not registered is missing. What was told not longer ago than `maxAgeMs` need not be asked again. Refuses: Unavailable.
   * Only the enforcement model `flat` is known: limits of parent projects are not looked at. Source: Identity API v3, "Unified limits"; oslo.limit.
   */
  limitsOf(projectId: string, options: { readonly maxAgeMs: number }): Promise<Readonly<Record<string, number>>>;
}

interface Told { readonly limits: Readonly<Record<string, number>>; readonly atMs: number }
interface Place { readonly serviceId: string; readonly regionId: string | null }
interface LimitBody { readonly resource_name: string; readonly region_id: string | null; readonly default_limit?: number; readonly resource_limit?: number }

const mostRemembered = 10_000;

export function createUnifiedLimits({ authUrl, serviceUser, endpoint, timeoutMs = 5000, now = () => new Date(), warn = () => undefined }: UnifiedLimitsOptions): UnifiedLimits {
  const identityUrl = identityUrlOf(authUrl);
  const nowMs = (): number => now().getTime();
  const send = retried(createHttpClient(timeoutMs));
  const own = createOwnToken(identityUrl, serviceUser, send, nowMs);
  const known = new Map<string, Told>();
  const asking = new Map<string, Promise<Told>>();
  const toAsk = new Map<string, Promise<Told>>();
  let place: Promise<Place> | undefined;

  async function get(path: string, mayRenew = true): Promise<unknown> {
    const token = await own.get();
    const answer: Answer = await send({ method: 'GET', url: `${identityUrl}${path}`, headers: { 'x-auth-token': token } });
    if (answer.status === 401 && mayRenew) {
      own.refused(token);
      return get(path, false);
    }
    if (answer.status !== 200) throw new Error(`GET ${path.split('?')[0]} was answered with status ${answer.status}`);
    return answer.body;
  }

  async function findPlace(): Promise<Place> {
    if ('id' in endpoint) {
      const { endpoint: found } = await get(`/endpoints/${encodeURIComponent(endpoint.id)}`) as { endpoint: { service_id: string; region_id: string | null } };
      return { serviceId: found.service_id, regionId: found.region_id };
    }
    const { services: [service] } = await get(`/services?type=${encodeURIComponent(endpoint.serviceType)}`) as { services: { id: string }[] };
    if (!service) throw new Error(`there is no service of type ${endpoint.serviceType}`);
    return { serviceId: service.id, regionId: endpoint.region };
  }

  async function ask(projectId: string): Promise<Readonly<Record<string, number>>> {
    const { serviceId, regionId } = await (place ??= findPlace());
    const [{ registered_limits: registered }, { limits }] = await Promise.all([
      get(`/registered_limits?service_id=${encodeURIComponent(serviceId)}`) as Promise<{ registered_limits: LimitBody[] }>,
      get(`/limits?service_id=${encodeURIComponent(serviceId)}&project_id=${encodeURIComponent(projectId)}`) as Promise<{ limits: LimitBody[] }>,
    ]);
    const here = (bodies: readonly LimitBody[]) => [...bodies.filter((body) => body.region_id === null), ...bodies.filter((body) => body.region_id === regionId)];
    return Object.fromEntries([...here(registered), ...here(limits)].map((body) => [body.resource_name, asLimit(body.resource_limit ?? body.default_limit)]));
  }

  async function askNow(projectId: string): Promise<Told> {
    const atMs = nowMs();
    try {
      const told = { limits: await ask(projectId), atMs };
      if (known.size >= mostRemembered) known.clear();
      known.set(projectId, told);
      return told;
    } catch (error) {
      place = undefined;
      warn(`Keystone at ${identityUrl} does not tell the limits of a project: ${error instanceof Error ? error.message : String(error)}`);
      throw new Problem('Unavailable', { what: 'The identity service', seconds: 5 }, { cause: error });
    }
  }

  /** One question about a project at a time. Who comes while one is under way waits for the next, together with all who come until then: no answer is older than its question. */
  function askedTogether(projectId: string): Promise<Told> {
    const running = asking.get(projectId);
    if (!running) return begin(projectId);
    const next = toAsk.get(projectId) ?? running.catch(() => undefined).then(() => {
      toAsk.delete(projectId);
      return begin(projectId);
    });
    toAsk.set(projectId, next);
    return next;
  }

  function begin(projectId: string): Promise<Told> {
    const question = askNow(projectId).finally(() => { if (asking.get(projectId) === question) asking.delete(projectId); });
    asking.set(projectId, question);
    return question;
  }

  return {
    async limitsOf(projectId, { maxAgeMs }) {
      const told = known.get(projectId);
      if (told && nowMs() - told.atMs < maxAgeMs) return told.limits;
      return (await askedTogether(projectId)).limits;
    },
  };
}

const asLimit = (limit: number | undefined): number => {
  if (typeof limit !== 'number') throw new Error('a limit is no number');
  return limit < 0 ? Infinity : limit;
};
