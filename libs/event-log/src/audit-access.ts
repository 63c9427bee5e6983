import { AckPolicy, DeliverPolicy, JetStreamApiError, jetstreamManager, ReplayPolicy, type ConsumerConfig, type JetStreamManager } from '@nats-io/jetstream';
import { nanos, type NatsConnection } from '@nats-io/transport-node';
import { auditConsumerName, auditConsumerPrefix, auditDelivery, auditFilter, auditStreamName, authCalloutSubject, type AuditIssuer } from '#libs/contracts';
import { Problem } from '#libs/domain';
import { requestTimeoutMs } from './nats-errors.js';

/** What a tenant asks for when he connects: his name for this consumer, what it hears, and where in the stream it begins. */
export interface AuditWish {
  readonly name: string;
  readonly hears: 'project' | 'public';
  /** The sequence in the stream after which it begins; 0: with the oldest that is there. */
  readonly after: number | 'latest';
}

/** A tenant who may listen, and until when. */
export interface AuditGuest { readonly projectId: string; readonly expiresAt: Date }

export interface AuditAccessOptions {
  readonly connection: NatsConnection;
  readonly region: string;
  readonly issuer: AuditIssuer;
  /** Who the token is of, if he may. Refuses as the identity and the policy refuse. */
  admit(token: string): Promise<AuditGuest>;
  readonly consumersPerProject: number;
  readonly clock: () => Date;
  onRefused(reason: string): void;
  onFault(error: unknown): void;
}

/** A token that was revoked is good for no longer than this, as it is in no connection that lasts. */
const longestMs = 60 * 60 * 1000;
/** A stream has room for a thousand consumers. */
const mostConsumers = 900;

/**
 * Answers a NATS server that asks whether a tenant may connect (auth callout): his password is a Keystone token, his user name a wish. He gets a
 * consumer of his own on the audit stream, with one filter, and may listen to what it delivers and do nothing else: who may publish anything could have
 * the answer sent to any subject, the log's included. All gateways answer, each question is for one of them.
 */
export async function answerAuthCallouts(options: AuditAccessOptions): Promise<void> {
  const { connection, region, issuer, clock } = options;
  const manager = await jetstreamManager(connection, { checkAPI: false, timeout: requestTimeoutMs });

  async function accessOf({ user, token, userKey }: CalloutRequest): Promise<string> {
    const wish = wishOf(user);
    const guest = await options.admit(token);
    // NATS counts whole seconds.
    if (guest.expiresAt.getTime() < clock().getTime() + 1000) throw new Problem('NotAuthenticated');
    const name = auditConsumerName(guest.projectId, wish.name, wish.hears);
    const deliver = auditDelivery(region, guest.projectId, wish.name, wish.hears);
    await makeConsumer(manager, { region, guest, wish, name, deliver, most: options.consumersPerProject });
    const until = Math.min(guest.expiresAt.getTime(), clock().getTime() + longestMs);
    return issuer.sign({
      sub: userKey, aud: '$G', name: `tenant ${name}`, exp: Math.floor(until / 1000),
      nats: { type: 'user', version: 2, pub: { deny: ['>'] }, sub: { allow: [deliver] }, subs: 4, data: -1, payload: -1 },
    });
  }

  async function answer(data: Uint8Array): Promise<string | undefined> {
    const request = requestIn(data);
    if (!request) return undefined;
    const respond = (said: { jwt: string } | { error: string }): string =>
      issuer.sign({ sub: request.userKey, aud: request.serverId, nats: { ...said, type: 'authorization_response', version: 2 } });
    try {
      return respond({ jwt: await accessOf(request) });
    } catch (error) {
      if (!(error instanceof Problem)) options.onFault(error);
      const reason = error instanceof Problem ? error.message : 'this cannot be answered now. Try again.';
      options.onRefused(reason);
      return respond({ error: reason });
    }
  }

  connection.subscribe(authCalloutSubject, {
    queue: 'gateway',
    callback: (error, message) => {
      if (error) return options.onFault(error);
      answer(message.data).then((response) => { if (response !== undefined) message.respond(response); }, options.onFault);
    },
  });
}

interface CalloutRequest { readonly user: string; readonly token: string; readonly userKey: string; readonly serverId: string }

/** Only the server itself can ask on this subject; what cannot be read is not answered, and that is a refusal. */
function requestIn(data: Uint8Array): CalloutRequest | undefined {
  try {
    const [, body = ''] = Buffer.from(data).toString('utf8').split('.');
    const { nats } = JSON.parse(Buffer.from(body, 'base64url').toString('utf8')) as {
      nats: { user_nkey: string; server_id: { id: string }; connect_opts: { user?: string; pass?: string } };
    };
    return { user: nats.connect_opts.user ?? '', token: nats.connect_opts.pass ?? '', userKey: nats.user_nkey, serverId: nats.server_id.id };
  } catch {
    return undefined;
  }
}

/** `[public/]<name>[@<sequence>|@latest]`. Refuses: InvalidRequest. */
export function wishOf(user: string): AuditWish {
  const [, hears, name, after = '0'] = /^(public\/)?([A-Za-z0-9-]{1,32})(?:@(latest|\d{1,15}))?$/.exec(user) ?? [];
  if (name === undefined) {
    throw new Problem('InvalidRequest', { detail: 'The user must be the name of a consumer, as siem, public/siem, siem@latest or siem@1234 for what comes after that message of the stream.' });
  }
  return { name, hears: hears === undefined ? 'project' : 'public', after: after === 'latest' ? after : Number(after) };
}

interface Making { readonly region: string; readonly guest: AuditGuest; readonly wish: AuditWish; readonly name: string; readonly deliver: string; readonly most: number }

/** A consumer of that name begins anew where it is wished. Refuses: TooManyConsumers, Unavailable. */
async function makeConsumer(manager: JetStreamManager, { region, guest, wish, name, deliver, most }: Making): Promise<void> {
  const stream = auditStreamName(region);
  try {
    const there = await namesOf(manager, stream);
    const own = there.filter((each) => each.startsWith(auditConsumerPrefix(guest.projectId)) && each !== name);
    if (own.length >= most || there.length >= mostConsumers) throw new Problem('TooManyConsumers', { limit: Math.min(most, own.length), seconds: 60 });
    if (there.includes(name)) await manager.consumers.delete(stream, name);
    await manager.consumers.add(stream, consumerOf(name, deliver, auditFilter(region, wish.hears === 'public' ? 'public' : { projectId: guest.projectId }), wish));
  } catch (error) {
    if (error instanceof Problem) throw error;
    throw new Problem('Unavailable', { what: error instanceof JetStreamApiError && error.status === 404 ? 'The audit stream' : 'The NATS server', seconds: 5 }, { cause: error });
  }
}

async function namesOf(manager: JetStreamManager, stream: string): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of manager.consumers.list(stream)) names.push(name);
  return names;
}

/** It ends by itself when nobody has listened for a minute. What is slow to listen is not flooded. */
function consumerOf(name: string, deliver: string, filter: string, { after }: AuditWish): Partial<ConsumerConfig> {
  return {
    name, deliver_subject: deliver, filter_subject: filter, ack_policy: AckPolicy.None, replay_policy: ReplayPolicy.Instant, max_deliver: 1, mem_storage: true, num_replicas: 1,
    idle_heartbeat: nanos(5_000), inactive_threshold: nanos(60_000), rate_limit_bps: 128 * 1024 * 1024,
    ...(after === 'latest' ? { deliver_policy: DeliverPolicy.New } : { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: after + 1 }),
  };
}
