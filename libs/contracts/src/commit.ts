import { createHash } from 'node:crypto';
import { fromJson, type DescMessage, type JsonValue } from '@bufbuild/protobuf';
import type { ImageEvent } from '#libs/domain';
import { imageEventSchemas } from './event-schemas.js';
import { CommitSchema } from './generated/heliograph/v1/commit_pb.js';

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

const commitType = 'glance.image.commit.v1';

/** A commit as the bytes of its message. Throws where envelope or an event does not fit its schema: that is a fault of ours, and nothing is written. */
export function encodeCommit(commit: Commit): Uint8Array {
  const json: CommitJson = {
    specversion: '1.0',
    id: `${commit.aggregateId}:${commit.commandId}`,
    source: `/heliograph/${commit.region}/${commit.service}`,
    type: commitType,
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
  fromJson(CommitSchema, json as unknown as JsonValue);
  for (const event of commit.events) checkEvent(event);
  return Buffer.from(JSON.stringify(json));
}

/** The commit that `encodeCommit` wrote, in whatever version of the schema it was written. Throws on anything else. */
export function decodeCommit(bytes: Uint8Array): Commit {
  const json = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')) as CommitJson;
  if (json.specversion !== '1.0' || json.type !== commitType) throw new Error(`not a commit of an image: ${String(json.type)}`);
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
    events: json.data.events.map(upcast),
  };
}

/** SHA-256 of a commit's bytes, base64url: the next commit's `prevHash`. */
export const hashOfCommit = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('base64url');

/** Brings an event of an older schema version to today's shape. Version 1 is the only one there is. */
function upcast({ type, v, data }: { type: string; v: number; data: JsonValue }): ImageEvent {
  if (!Object.hasOwn(imageEventSchemas, type) || v !== 1) throw new Error(`unknown event ${type} version ${v}`);
  return { type, data } as unknown as ImageEvent;
}

function checkEvent(event: ImageEvent): void {
  const schema: DescMessage = imageEventSchemas[event.type];
  fromJson(schema, event.data as JsonValue);
}

function optional<Name extends string, Value>(name: Name, value: Value | undefined): { [Key in Name]?: Value } {
  return (value === undefined ? {} : { [name]: value }) as { [Key in Name]?: Value };
}
