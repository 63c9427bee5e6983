import { AckPolicy, DeliverPolicy, JetStreamApiError, jetstreamManager, ReplayPolicy, type ConsumerConfig, type JetStreamManager } from '@nats-io/jetstream';
import { nanos, type NatsConnection } from '@nats-io/transport-node';
import { auditFilter, auditStreamName, followedSubject, followerPrefix, followSubject, isLowerUuid, type Followed, type FollowWish, type Hearing } from '#libs/contracts';
import { requestTimeoutMs } from '../nats-errors.js';

export interface TellFollowersOptions {
  readonly connection: NatsConnection;
  readonly region: string;
  /** The regions that may follow this one, and what each may hear. */
  readonly followers: ReadonlyMap<string, Hearing>;
  /** Called with a reason where a wish is not granted. */
  onRefused(follower: string, reason: string): void;
  onFault(error: unknown): void;
}

/** One that lost its link and begins anew leaves its consumer behind for a minute. */
const mostConsumersEach = 64;
/** Whoever is so far behind had better look at everything. */
const mostMissed = 10_000;

/**
 * Lets other regions follow the derived audit stream of this one. A follower sends a wish and is told where it said that it listens, below its own name; the
 * wish's reply subject is never used. The consumer is made here, with filters of what the follower may hear, so that it need not ask NATS anything. All
 * federation services answer, each wish is for one of them.
 */
export async function tellFollowers({ connection, region, followers, onRefused, onFault }: TellFollowersOptions): Promise<void> {
  const manager = await jetstreamManager(connection, { checkAPI: false, timeout: requestTimeoutMs });
  for (const [follower, granted] of followers) {
    connection.subscribe(followSubject(region, follower), {
      queue: 'federation',
      callback: (error, message) => {
        if (error) return onFault(error);
        const wish = wishIn(message.data);
        if (!wish) return onRefused(follower, 'what it sent is no wish to follow');
        const tell = (said: Followed): void => connection.publish(followedSubject(region, follower, wish.id), JSON.stringify(said));
        begin(manager, { region, follower, wish, granted }).then((after) => { tell({ following: after }); }, (reason: unknown) => {
          if (!(reason instanceof NotFollowed)) onFault(reason);
          const text = reason instanceof NotFollowed ? reason.message : 'it cannot be told now';
          onRefused(follower, text);
          tell({ refused: text });
        });
      },
    });
  }
}

class NotFollowed extends Error {
  override readonly name = 'NotFollowed';
}

interface Wished { readonly region: string; readonly follower: string; readonly wish: FollowWish; readonly granted: Hearing }

async function begin(manager: JetStreamManager, { region, follower, wish, granted }: Wished): Promise<{ after: number; isWhole: boolean }> {
  const stream = auditStreamName(region);
  const { state } = await manager.streams.info(stream).catch((error: unknown) => {
    throw error instanceof JetStreamApiError && error.status === 404 ? new NotFollowed(`region ${region} keeps no audit stream (heliograph.audit_days)`) : error;
  });
  let begun = 0;
  for await (const { name } of manager.consumers.list(stream)) begun += name.startsWith(followerPrefix(follower)) ? 1 : 0;
  if (begun >= mostConsumersEach) throw new NotFollowed(`region ${follower} follows ${mostConsumersEach} times already; those that nobody hears end within a minute`);
  const { after } = wish;
  // A position beyond the end is one in a stream that is there no more.
  const isWhole = after !== 'latest' && after + 1 >= state.first_seq && after <= state.last_seq && state.last_seq - after <= mostMissed;
  const from = isWhole ? after : state.last_seq;
  const projects = projectsOf(wish.hears, granted);
  await manager.consumers.add(stream, {
    ...unacknowledged, name: `${followerPrefix(follower)}${wish.id}`, deliver_subject: followedSubject(region, follower, wish.id), opt_start_seq: from + 1,
    filter_subjects: [auditFilter(region, 'public'), ...(projects === 'all' ? [auditFilter(region, 'projects')] : projects.map((projectId) => auditFilter(region, { projectId })))],
  });
  return { after: from, isWhole };
}

/** It ends by itself when nobody has listened for a minute. */
const unacknowledged: Partial<ConsumerConfig> = {
  deliver_policy: DeliverPolicy.StartSequence, ack_policy: AckPolicy.None, replay_policy: ReplayPolicy.Instant, max_deliver: 1, mem_storage: true, num_replicas: 1,
  idle_heartbeat: nanos(5_000), inactive_threshold: nanos(60_000), rate_limit_bps: 128 * 1024 * 1024,
};

/** No more than is wished, and no more than is granted. */
export function projectsOf(wished: Hearing, granted: Hearing): Hearing['projects'] {
  if (wished.projects === 'all') return granted.projects;
  const { projects } = granted;
  return projects === 'all' ? wished.projects : wished.projects.filter((project) => projects.includes(project));
}

const mostProjects = 32;
const isProject = (project: unknown): project is string => typeof project === 'string' && /^[\x21-\x7e]{1,255}$/.test(project);
const isPlace = (after: unknown): after is FollowWish['after'] => after === 'latest' || (typeof after === 'number' && Number.isSafeInteger(after) && after >= 0);
const isId = (id: unknown): id is string => typeof id === 'string' && isLowerUuid(id);

/** Undefined for anything else: it comes from another region. */
export function wishIn(data: Uint8Array): FollowWish | undefined {
  try {
    const { id, after, hears } = JSON.parse(Buffer.from(data).toString('utf8')) as { readonly [Name in keyof FollowWish]?: unknown };
    const projects = projectsIn(hears);
    return isId(id) && isPlace(after) && projects ? { id, after, hears: { projects } } : undefined;
  } catch {
    return undefined;
  }
}

function projectsIn(hears: unknown): Hearing['projects'] | undefined {
  const projects = (hears as { readonly projects?: unknown } | null | undefined)?.projects;
  if (projects === 'all') return projects;
  return Array.isArray(projects) && projects.length <= mostProjects && projects.every(isProject) ? [...new Set(projects)] : undefined;
}
