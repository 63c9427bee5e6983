import {
  auditStreamName, auditSubjects, authCalloutSubject, commandSubject, fedSubject, imageSubjects, leaseStreamName, leaseSubjects, metadefSubjects, notificationStreamName, notificationSubjects, policySubjects, progressSubjects, projectedSubject, queryStreamName, querySubjects, questionSubject, sealedStreamName, sealedSubjects, streamName,
} from './subjects.js';

/**
 * The NATS user of each service, and of the operator's tools. `setup` creates the streams; `listener` is for programs of the operator's that hear notifications.
 * Who may ask NATS anything may name the log as where the answer goes (it checks no reply subject), so none of these is for tenants: ADR 14.
 */
export const natsUsers = ['gateway', 'catalog', 'staging', 'importer', 'federation', 'operator', 'setup', 'listener'] as const;
export type NatsUser = (typeof natsUsers)[number];

export interface NatsPermissions {
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
  /** Whether the user may answer the request it has just received. */
  readonly mayRespond: boolean;
}

/**
 * What each service may publish and hear in its region: its own appends, the requests it sends, its own inbox.
 * Nobody is granted STREAM.DELETE, PURGE, UPDATE, MSG.DELETE, SNAPSHOT or RESTORE: what is in the log stays there.
 */
export function natsPermissions(region: string): Record<NatsUser, NatsPermissions> {
  const log = streamName(region);
  const leases = leaseStreamName(region);
  const readLog = [
    `$JS.API.STREAM.INFO.${log}`, `$JS.API.STREAM.MSG.GET.${log}`, `$JS.API.DIRECT.GET.${log}`, `$JS.API.DIRECT.GET.${log}.>`,
    `$JS.API.CONSUMER.CREATE.${log}`, `$JS.API.CONSUMER.CREATE.${log}.>`, `$JS.API.CONSUMER.INFO.${log}.*`,
    `$JS.API.CONSUMER.MSG.NEXT.${log}.*`, `$JS.API.CONSUMER.DELETE.${log}.*`, `$JS.API.INFO`, `$JS.FC.>`,
  ];
  const readLeases = [`$JS.API.STREAM.INFO.${leases}`, `$JS.API.STREAM.MSG.GET.${leases}`, `$JS.API.INFO`];
  const readPolicies = [`$JS.API.INFO`, `$JS.API.STREAM.INFO.${log}`, `$JS.API.STREAM.MSG.GET.${log}`, `$JS.API.DIRECT.GET.${log}`, `$JS.API.DIRECT.GET.${log}.>`];
  const progress = progressSubjects(region);
  const hears = (permissions: NatsPermissions, ...subjects: string[]): NatsPermissions => ({ ...permissions, subscribe: [...permissions.subscribe, ...subjects] });
  const sealed = sealedStreamName(region);
  const pickUp = (stream: string): string[] => ['STREAM.CREATE', 'STREAM.INFO', 'STREAM.MSG.GET', 'STREAM.MSG.DELETE'].map((call) => `$JS.API.${call}.${stream}`);
  const notifications = notificationStreamName(region);
  const notified = notificationSubjects(region);
  const audit = auditStreamName(region);
  const writeAudit = [...auditSubjects(region), `$JS.API.STREAM.CREATE.${audit}`, `$JS.API.STREAM.INFO.${audit}`, `$JS.API.STREAM.UPDATE.${audit}`, fedSubject(region)];
  /** Consumers for tenants: pushed to their own subjects, and removed again. */
  const admitTenants = [`$JS.API.CONSUMER.CREATE.${audit}.*.audit.${region}.project.>`, `$JS.API.CONSUMER.CREATE.${audit}.*.audit.${region}.public.>`, `$JS.API.CONSUMER.LIST.${audit}`, `$JS.API.CONSUMER.DELETE.${audit}.*`];
  /** Hearing other regions, and letting them hear: consumers pushed to them, which nobody acknowledges. */
  const follow = [`follow.*.${region}`, `followed.${region}.>`, `$JS.API.STREAM.INFO.${audit}`, `$JS.API.CONSUMER.CREATE.${audit}`, `$JS.API.CONSUMER.LIST.${audit}`];
  const inbox = (user: NatsUser) => `${inboxPrefix(user)}.>`;
  const client = (user: NatsUser, ...publish: string[]): NatsPermissions =>
    ({ publish: [`ask.${region}.*`, `do.${region}.*`, ...publish], subscribe: [inbox(user), projectedSubject(region)], mayRespond: false });
  return {
    gateway: {
      ...hears(client('gateway', progress, notified, sealedSubjects(region), querySubjects(region), leaseSubjects(region), ...readLeases, `$JS.API.STREAM.INFO.${log}`, ...admitTenants), progress, fedSubject(region), authCalloutSubject),
      mayRespond: true,
    },
    catalog: {
      publish: [imageSubjects(region), metadefSubjects(region), projectedSubject(region), leaseSubjects(region), ...readLog, ...readLeases, ...writeAudit, notified, `$JS.API.STREAM.CREATE.${notifications}`, `$JS.API.STREAM.INFO.${notifications}`],
      subscribe: [`do.${region}.*`, `ask.${region}.*`, projectedSubject(region), inbox('catalog')],
      mayRespond: true,
    },
    staging: client('staging', progress, leaseSubjects(region), ...readLeases),
    importer: client('importer', progress, leaseSubjects(region), ...readLeases, `glance.${region}.import.*`, ...workOn(log, 'importer'), ...pickUp(queryStreamName(region))),
    federation: {
      ...hears(client('federation', progress, policySubjects(region), ...readPolicies, leaseSubjects(region), ...readLeases, ...pickUp(sealed), ...follow), questionSubject(region, 'regions'), questionSubject(region, 'copies'), commandSubject(region, 'policy'), `follow.${region}.*`, `followed.*.${region}.>`),
      mayRespond: true,
    },
    operator: { publish: [`glance.${region}.>`, leaseSubjects(region), ...readLog, ...readLeases, `ask.${region}.*`, `do.${region}.*`], subscribe: [inbox('operator'), projectedSubject(region)], mayRespond: false },
    setup: { publish: [`$JS.API.STREAM.CREATE.${log}`, `$JS.API.STREAM.INFO.${log}`, `$JS.API.STREAM.CREATE.${leases}`, `$JS.API.STREAM.INFO.${leases}`, `$JS.API.INFO`], subscribe: [inbox('setup')], mayRespond: false },
    listener: {
      publish: [
        `$JS.API.INFO`, `$JS.API.STREAM.INFO.${notifications}`, `$JS.API.CONSUMER.CREATE.${notifications}`, `$JS.API.CONSUMER.CREATE.${notifications}.>`,
        `$JS.API.CONSUMER.INFO.${notifications}.*`, `$JS.API.CONSUMER.MSG.NEXT.${notifications}.*`, `$JS.API.CONSUMER.DELETE.${notifications}.*`, `$JS.ACK.${notifications}.>`, `$JS.FC.>`,
      ],
      subscribe: [notified, inbox('listener')], mayRespond: false,
    },
  };
}

/** What it takes to read images from the leader of the log and to share its commits with others under one durable consumer; no other consumer can be made. */
const workOn = (log: string, consumer: string): string[] => [
  `$JS.API.INFO`, `$JS.API.STREAM.INFO.${log}`, `$JS.API.STREAM.MSG.GET.${log}`, `$JS.API.DIRECT.GET.${log}`, `$JS.API.DIRECT.GET.${log}.>`,
  `$JS.API.CONSUMER.CREATE.${log}.${consumer}.>`, `$JS.API.CONSUMER.INFO.${log}.${consumer}`, `$JS.API.CONSUMER.MSG.NEXT.${log}.${consumer}`, `$JS.ACK.${log}.${consumer}.>`,
];

/** Each user has an inbox of its own, so that no service can listen to another's answers. */
export const inboxPrefix = (user: NatsUser): string => `_INBOX_${user}`;

/** The NATS user that another region's server links itself to this one with. */
export const linkUser = (region: string): string => `link-${region}`;

/**
 * What may come and go over the link to another region: one wish, which nobody answers where its sender says, and what is told upon it. Nothing that a
 * stream keeps, no request that NATS itself would answer: the answer could be sent to the log (ADR 14, ADR 18).
 */
export const linkPermissions = (other: string): NatsPermissions =>
  ({ publish: [`follow.*.${other}`, `followed.${other}.>`], subscribe: [`followed.*.${other}.>`, `follow.${other}.*`], mayRespond: false });

/**
 * Everything that a link carries in neither direction, for the side that begins it: a server that links itself to another can only say what it keeps back.
 * All that a subject of ours can begin with, but `follow` and `followed`; the spec holds the list against the subjects.
 */
export const keptFromLinks: readonly string[] = [
  'glance', 'lease', 'sealed', 'query', 'do', 'ask', 'projected', 'progress', 'notification', 'audit', 'heard', 'fed', '$JS', '$SYS', '$KV', '$OBJ', '_INBOX', ...natsUsers.map((user) => inboxPrefix(user)),
].flatMap((root) => [root, `${root}.>`]);
