import { Problem } from '#libs/domain';

/**
 * Every subject and stream name of Heliograph is built here and nowhere else, from checked tokens only.
 *
 *   glance.<region>.image.<imageId>     the log: one commit a message        stream GLANCE_<region>
 *   glance.<region>.metadef.<token>     a namespace of metadata definitions; base64url of its name
 *   glance.<region>.import.<taskId>     (imports)
 *   glance.<region>.policy.<id>         replication policies, and each of their executions
 *   lease.<region>.<attemptId>          leases of attempts, not durable      stream LEASES_<region>
 *   sealed.<region>.<importId>          a caller's token, sealed, in memory   stream SEALED_<region>
 *   query.<region>.<importId>           the query of a URI, sealed, in memory stream QUERIES_<region>
 *   do.<region>.image                   commands to the catalog, answered    core NATS, queue group catalog
 *   do.<region>.policy                  commands to federation, answered     core NATS, queue group federation
 *   ask.<region>.<question>             questions to the catalog, answered   core NATS, queue group catalog
 *   ask.<region>.<regions|copies>       questions to federation, answered    core NATS, queue group federation
 *   projected.<region>                  "the read model has reached N"       core NATS
 *   progress.<region>.<imageId>         how far a transfer is, kept nowhere  core NATS
 *   notification.<region>.<topic>.<info|error>  what Glance would have told   stream NOTIFICATIONS_<region>
 *   audit.<region>.project.<projectToken>.image.<EventType>  an event as one project may know it   stream AUDIT_<region>
 *   audit.<region>.public.image.<EventType>     an event of a public image, as anybody may know it
 *   heard.<region>.<projectToken>.<project|public>.<name>  what a tenant's consumer of that stream delivers to him   core NATS
 *   fed.<region>                        "the feed has come to N"             core NATS
 *   follow.<region>.<follower>          another region wishes to follow this one's audit stream   core NATS, over the link
 *   followed.<region>.<follower>.<id>   what that region is told of it       core NATS, over the link
 */
const lowerUuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const regionName = /^[A-Za-z0-9_-]{1,64}$/;
const progressOfImage = /^progress\.[A-Za-z0-9_-]{1,64}\.([0-9a-f-]{36})$/;
const logSubject = /^glance\.[A-Za-z0-9_-]{1,64}\.(image|metadef|import|policy)\.([A-Za-z0-9_-]{1,512})$/;

export type AggregateKind = 'image' | 'metadef' | 'import' | 'policy';
export const questions = ['history', 'removals', 'attempts', 'staged', 'stored', 'status', 'regions', 'reservation', 'usage', 'replications', 'copies', 'past', 'pastImages', 'webhooks'] as const;
export type Question = (typeof questions)[number];

/** The one check of an id before it becomes part of a subject, a key or a path. */
export const isLowerUuid = (text: string): boolean => lowerUuid.test(text);
export const isRegionName = (text: string): boolean => regionName.test(text);

export const streamName = (region: string): string => `GLANCE_${checkedRegion(region)}`;
export const streamSubjects = (region: string): string[] =>
  (['image', 'metadef', 'import', 'policy'] as const).map((kind) => `glance.${checkedRegion(region)}.${kind}.*`);
export const imageSubject = (region: string, imageId: string): string => `glance.${checkedRegion(region)}.image.${checkedUuid(imageId)}`;
export const imageSubjects = (region: string): string => `glance.${checkedRegion(region)}.image.*`;
export const metadefSubject = (region: string, token: string): string => `glance.${checkedRegion(region)}.metadef.${checkedToken(token)}`;
export const metadefSubjects = (region: string): string => `glance.${checkedRegion(region)}.metadef.*`;

/** Of a replication policy, or of one of its executions: their ids are drawn from one bag. */
export const policySubject = (region: string, id: string): string => `glance.${checkedRegion(region)}.policy.${checkedUuid(id)}`;
export const policySubjects = (region: string): string => `glance.${checkedRegion(region)}.policy.*`;

export const leaseStreamName = (region: string): string => `LEASES_${checkedRegion(region)}`;
export const leaseSubjects = (region: string): string => `lease.${checkedRegion(region)}.*`;
export const leaseSubject = (region: string, attemptId: string): string => `lease.${checkedRegion(region)}.${checkedUuid(attemptId)}`;

export const sealedStreamName = (region: string): string => `SEALED_${checkedRegion(region)}`;
export const sealedSubjects = (region: string): string => `sealed.${checkedRegion(region)}.*`;
export const sealedSubject = (region: string, importId: string): string => `sealed.${checkedRegion(region)}.${checkedUuid(importId)}`;

export const queryStreamName = (region: string): string => `QUERIES_${checkedRegion(region)}`;
export const querySubjects = (region: string): string => `query.${checkedRegion(region)}.*`;
export const querySubject = (region: string, importId: string): string => `query.${checkedRegion(region)}.${checkedUuid(importId)}`;

export const commandSubject = (region: string, kind: AggregateKind): string => `do.${checkedRegion(region)}.${kind}`;
export const questionSubject = (region: string, question: Question): string => `ask.${checkedRegion(region)}.${question}`;
export const projectedSubject = (region: string): string => `projected.${checkedRegion(region)}`;

export const progressSubject = (region: string, imageId: string): string => `progress.${checkedRegion(region)}.${checkedUuid(imageId)}`;
export const progressSubjects = (region: string): string => `progress.${checkedRegion(region)}.*`;
/** The image that a subject tells the progress of; undefined for any other subject. */
export function imageIdOfProgress(subject: string): string | undefined {
  const imageId = progressOfImage.exec(subject)?.[1];
  return imageId !== undefined && lowerUuid.test(imageId) ? imageId : undefined;
}

export const notificationStreamName = (region: string): string => `NOTIFICATIONS_${checkedRegion(region)}`;
export const notificationSubjects = (region: string): string => `notification.${checkedRegion(region)}.*.*`;
/** Throws on a topic that is no single token. */
export function notificationSubject(region: string, topic: string, priority: 'INFO' | 'ERROR'): string {
  if (!isTopicName(topic)) throw new Error(`not a topic of notifications: ${JSON.stringify(topic)}; use letters, digits, - and _`);
  return `notification.${checkedRegion(region)}.${topic}.${priority.toLowerCase()}`;
}
export const isTopicName = (text: string): boolean => regionName.test(text);

export const auditStreamName = (region: string): string => `AUDIT_${checkedRegion(region)}`;
export const auditSubjects = (region: string): string[] => [`audit.${checkedRegion(region)}.project.*.*.*`, `audit.${checkedRegion(region)}.public.*.*`];
/** Where everything stands that a project is told of; with `public`, what everybody is told of; with `projects`, what any project is. */
export const auditFilter = (region: string, receiver: AuditReceiver | 'projects'): string =>
  (receiver === 'projects' ? `audit.${checkedRegion(region)}.project.>` : `${auditRoot(region, receiver)}.>`);
/** Throws where the type of the event is no single token. */
export function auditSubject(region: string, receiver: AuditReceiver, kind: AggregateKind, eventType: string): string {
  if (!regionName.test(eventType)) throw new Error(`not a type of event: ${JSON.stringify(eventType)}`);
  return `${auditRoot(region, receiver)}.${kind}.${eventType}`;
}
export type AuditReceiver = { readonly projectId: string } | 'public';
const auditRoot = (region: string, receiver: AuditReceiver): string =>
  receiver === 'public' ? `audit.${checkedRegion(region)}.public` : `audit.${checkedRegion(region)}.project.${projectToken(receiver.projectId)}`;

/** A consumer of the audit stream belongs to one project; what it hears is part of its name, so that it never hears anything else. */
export function auditConsumerName(projectId: string, name: string, hears: 'project' | 'public'): string {
  if (!isAuditConsumer(name)) throw new Problem('InvalidRequest', { detail: 'The name of a consumer must have 1 to 32 letters, digits and dashes.' });
  return `${auditConsumerPrefix(projectId)}${hears === 'public' ? '~' : ''}${name}`;
}
/** All consumers of a project begin with this, and nobody else's do. */
export const auditConsumerPrefix = (projectId: string): string => `${projectToken(projectId)}~`;
export const isAuditConsumer = (name: string): boolean => /^[A-Za-z0-9-]{1,32}$/.test(name);

/** Where the consumer of that name delivers what it hears; only that tenant may listen there. */
export function auditDelivery(region: string, projectId: string, name: string, hears: 'project' | 'public'): string {
  auditConsumerName(projectId, name, hears);
  return `heard.${checkedRegion(region)}.${projectToken(projectId)}.${hears}.${name}`;
}
/** Where a NATS server asks whether somebody may connect whom it does not know itself. */
export const authCalloutSubject = '$SYS.REQ.USER.AUTH';

/** Ids of projects are the identity service's: whatever they are, this is one token. */
function projectToken(projectId: string): string {
  if (projectId === '' || projectId.length > 255 || !projectId.isWellFormed()) throw new Error('not the id of a project');
  return Buffer.from(projectId, 'utf8').toString('base64url');
}

/** Who may send here is known by the name: the server of `region` lets each follower send under its own. */
export const followSubject = (region: string, follower: string): string => `follow.${checkedRegion(region)}.${checkedRegion(follower)}`;
/** `id` is drawn anew for each time that the follower begins. */
export const followedSubject = (region: string, follower: string, id: string): string => `followed.${checkedRegion(region)}.${checkedRegion(follower)}.${checkedUuid(id)}`;
/** The consumers of one follower begin with this; no tenant's do, since a project's token is never empty. */
export const followerPrefix = (follower: string): string => `~${checkedRegion(follower)}~`;

export const fedSubject = (region: string): string => `fed.${checkedRegion(region)}`;

/** The most characters (code points) that the name of a namespace may have: Glance's column. Up to 4 bytes each, so a token has at most 427. */
export const namespaceNameLength = 80;

/**
 * The token of a namespace: its name in base64url, so that two commands for one name meet in one subject and the log's optimistic concurrency keeps
 * names unique in the region. Refuses: InvalidRequest for what is no name (empty, too long, NUL, half a surrogate pair).
 */
export function namespaceToken(name: string): string {
  if (name === '' || !name.isWellFormed() || name.includes('\0') || [...name].length > namespaceNameLength) {
    throw new Problem('InvalidRequest', { detail: `The name of a namespace must have 1 to ${namespaceNameLength} characters.` });
  }
  return Buffer.from(name, 'utf8').toString('base64url');
}

/** The name that a token stands for; undefined where `namespaceToken` never made it. */
export function namespaceOfToken(token: string): string | undefined {
  const bytes = Buffer.from(token, 'base64url');
  const name = bytes.toString('utf8');
  return token !== '' && bytes.toString('base64url') === token && Buffer.from(name, 'utf8').equals(bytes) ? name : undefined;
}

export interface AggregateAddress { readonly kind: AggregateKind; readonly token: string }

/** The aggregate that a subject of the log belongs to. Throws on anything that `imageSubject` and its like did not build. */
export function addressOf(subject: string): AggregateAddress {
  const match = logSubject.exec(subject);
  if (!match) throw new Error(`not a subject of the log: ${subject}`);
  const [, kind, token] = match as unknown as [string, AggregateKind, string];
  return { kind, token };
}

function checkedRegion(region: string): string {
  if (!regionName.test(region)) throw new Error(`not a region name: ${JSON.stringify(region)}`);
  return region;
}

function checkedToken(token: string): string {
  if (namespaceOfToken(token) === undefined) throw new Problem('InvalidRequest', { detail: 'This is not the token of a namespace.' });
  return token;
}

function checkedUuid(id: string): string {
  if (!lowerUuid.test(id)) throw new Problem('InvalidRequest', { detail: 'An id must be a lower-case UUID.' });
  return id;
}
