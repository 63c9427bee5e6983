import { createHash } from 'node:crypto';
import { fromJson, type DescMessage, type JsonValue } from '@bufbuild/protobuf';
import type { ImageEvent, MetadefEvent, ReplicationEvent } from '#libs/domain';
import { imageEventSchemas, metadefEventSchemas, replicationEventSchemas } from './event-schemas.js';
import { CommitSchema } from './generated/heliograph/v1/commit_pb.js';
import type { AggregateKind } from './subjects.js';

/** Over this many bytes a commit is refused (413): DESIGN.md section 2. */
export const commitLimitBytes = 512 * 1024;

/** One decision as the log keeps it. The meaning of each field stands in `proto/heliograph/v1/commit.proto`. */
export interface Commit<Event = ImageEvent> {
  readonly aggregateId: string;
  readonly region: string;
  readonly service: string;
  readonly at: Date;
  readonly version: number;
  readonly prevHash: string;
  readonly commandId: string;
  readonly commandType: string;
  readonly requestId: string;
  readonly requestHash?: string;
  readonly causationId?: string;
  readonly actor: CommitActor;
  /** Personal values of the actor, sealed with his own key. */
  readonly sealed?: string;
  readonly events: readonly Event[];
}

export interface CommitActor {
  readonly userId: string;
  readonly projectId?: string;
  readonly domainId?: string;
  readonly authMethod: string;
}

interface CommitJson {
  specversion: '1.0'; id: string; source: string; type: string; subject: string; time: string; datacontenttype: 'application/json';
  region: string; requestid: string; causationid?: string; commandid: string; commandtype: string; requesthash?: string;
  actorid: string; projectid?: string; actordomainid?: string; authmethod: string;
  version: number; prevhash: string; sealed?: string;
  data: { events: { type: string; v: number; data: JsonValue }[] };
}

/** How the commits of one kind of aggregate are written and read. */
export interface CommitCodec<Event> {
  /** A commit as the bytes of its message. Throws where envelope or an event does not fit its schema: that is a fault of ours, and nothing is written. */
  encode(commit: Commit<Event>): Uint8Array;
  /** The commit that `encode` wrote, in whatever version of the schema it was written. Throws on anything else. */
  decode(bytes: Uint8Array): Commit<Event>;
}

/** When a commit of any kind was made; undefined where the bytes are none. For who wants to know no more of it. */
export function timeOfCommit(bytes: Uint8Array): Date | undefined {
  try {
    const { time } = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')) as Partial<CommitJson>;
    const at = new Date(time ?? '');
    return Number.isNaN(at.getTime()) ? undefined : at;
  } catch {
    return undefined;
  }
}

interface AnyEvent { readonly type: string; readonly data: object }

function commitCodec<Event extends AnyEvent>(kind: AggregateKind, schemas: Readonly<Record<Event['type'], DescMessage>>): CommitCodec<Event> {
  const commitType = `glance.${kind}.commit.v1`;

  /** Brings an event of an older schema version to today's shape. Version 1 is the only one there is. */
  function upcast({ type, v, data }: { type: string; v: number; data: JsonValue }): Event {
    if (!Object.hasOwn(schemas, type) || v !== 1) throw new Error(`unknown event ${type} version ${v}`);
    return { type, data } as unknown as Event;
  }

  return {
    encode(commit) {
      const json = envelopeOf(commit, commitType);
      fromJson(CommitSchema, json as unknown as JsonValue);
      for (const event of commit.events) fromJson(schemas[event.type as Event['type']], event.data as JsonValue);
      return Buffer.from(JSON.stringify(json));
    },
    decode(bytes) {
      const json = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')) as CommitJson;
      if (json.specversion !== '1.0' || json.type !== commitType) throw new Error(`not a commit of ${names[kind]}: ${String(json.type)}`);
      return commitIn(json, json.data.events.map(upcast));
    },
  };
}

const names: Record<AggregateKind, string> = { image: 'an image', metadef: 'a namespace', import: 'an import', policy: 'a policy' };

export const imageCommits = commitCodec<ImageEvent>('image', imageEventSchemas);
export const metadefCommits = commitCodec<MetadefEvent>('metadef', metadefEventSchemas);
/** Of policies and of their executions. */
export const replicationCommits = commitCodec<ReplicationEvent>('policy', replicationEventSchemas);
export const { encode: encodeCommit, decode: decodeCommit } = imageCommits;

const codecs: Partial<Record<AggregateKind, CommitCodec<ImageEvent> | CommitCodec<MetadefEvent> | CommitCodec<ReplicationEvent>>> = { image: imageCommits, metadef: metadefCommits, policy: replicationCommits };

/** The codec of a kind, for what goes through the whole log. Throws for kinds that nobody writes yet. */
export function commitsOf(kind: AggregateKind): CommitCodec<unknown> {
  const codec = codecs[kind];
  if (!codec) throw new Error(`nothing is known of commits of ${names[kind]}`);
  return codec as CommitCodec<unknown>;
}

function envelopeOf(commit: Commit<AnyEvent>, type: string): CommitJson {
  return {
    specversion: '1.0',
    id: `${commit.aggregateId}:${commit.commandId}`,
    source: `/heliograph/${commit.region}/${commit.service}`,
    type,
    subject: commit.aggregateId,
    time: commit.at.toISOString(),
    datacontenttype: 'application/json',
    region: commit.region,
    requestid: commit.requestId,
    ...optional('causationid', commit.causationId),
    commandid: commit.commandId,
    commandtype: commit.commandType,
    ...optional('requesthash', commit.requestHash),
    actorid: commit.actor.userId,
    ...optional('projectid', commit.actor.projectId),
    ...optional('actordomainid', commit.actor.domainId),
    authmethod: commit.actor.authMethod,
    version: commit.version,
    prevhash: commit.prevHash,
    ...optional('sealed', commit.sealed),
    data: { events: commit.events.map((event) => ({ type: event.type, v: 1, data: event.data as JsonValue })) },
  };
}

function commitIn<Event>(json: CommitJson, events: readonly Event[]): Commit<Event> {
  return {
    aggregateId: json.subject,
    region: json.region,
    service: json.source.slice(json.source.lastIndexOf('/') + 1),
    at: new Date(json.time),
    version: json.version,
    prevHash: json.prevhash,
    commandId: json.commandid,
    commandType: json.commandtype,
    requestId: json.requestid,
    ...optional('requestHash', json.requesthash),
    ...optional('causationId', json.causationid),
    actor: { userId: json.actorid, ...optional('projectId', json.projectid), ...optional('domainId', json.actordomainid), authMethod: json.authmethod },
    ...optional('sealed', json.sealed),
    events,
  };
}

/** SHA-256 of a commit's bytes, base64url: the next commit's `prevHash`. */
export const hashOfCommit = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('base64url');

function optional<Name extends string, Value>(name: Name, value: Value | undefined): { [Key in Name]?: Value } {
  return (value === undefined ? {} : { [name]: value }) as { [Key in Name]?: Value };
}
