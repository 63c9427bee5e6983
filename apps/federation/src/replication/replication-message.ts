import type { ReplicationMessage } from '#libs/contracts';
import { faultIn, type JsonSchema } from '#libs/definitions';
import { conflictRules, Problem, replicationDirections, replicationLimits, replicationTriggers, visibilities } from '#libs/domain';

/** What federation lets in from the bus: every field has its type, and nothing else is said. Bounds are the decider's. */
const text = (maxLength: number = replicationLimits.textLength): JsonSchema => ({ type: 'string', maxLength });
const object = (properties: Readonly<Record<string, JsonSchema>>, optional: readonly string[] = []): JsonSchema =>
  ({ type: 'object', properties, required: Object.keys(properties).filter((name) => !optional.includes(name)), additionalProperties: false });
const flag: JsonSchema = { type: 'boolean' };
const count: JsonSchema = { type: 'integer', minimum: 0 };
const texts = (items: JsonSchema): JsonSchema => ({ type: 'array', items, uniqueItems: true });

const settings = object({
  name: text(), direction: { type: 'string', enum: replicationDirections }, remoteRegion: text(), trigger: { type: 'string', enum: replicationTriggers }, schedule: text(),
  filter: object({
    visibilities: texts({ type: 'string', enum: visibilities }), owner: text(), namePattern: text(), tags: texts(text()), properties: { type: 'object', additionalProperties: text(replicationLimits.valueLength) },
    minSizeBytes: count, maxSizeBytes: count,
  }, ['owner', 'namePattern', 'minSizeBytes', 'maxSizeBytes']),
  bytesPerSecond: count, concurrency: count, carriesMetadata: flag, carriesMembers: flag, carriesDeletions: flag, conflictRule: { type: 'string', enum: conflictRules }, keepsIds: flag, copyOwner: text(),
}, ['schedule', 'bytesPerSecond', 'copyOwner']);

const context = object({
  commandId: text(), requestId: text(), requestHash: text(), causationId: text(),
  actor: object({ userId: text(), projectId: text(), domainId: text(), authMethod: text() }, ['projectId', 'domainId']),
  personal: object({ sourceAddress: text(), userName: text() }, ['sourceAddress', 'userName']),
}, ['requestHash', 'causationId', 'personal']);

/** The steps of an execution are federation's own: they come over no bus. */
const commands: Readonly<Record<string, JsonSchema>> = {
  CreateReplicationPolicy: object({ type: text(), settings }),
  ChangeReplicationPolicy: object({ type: text(), settings }),
  StartReplicationExecution: object({ type: text(), policyId: text(), trigger: { type: 'string', enum: ['manual'] }, isDryRun: flag }),
  ...Object.fromEntries([
    'PauseReplicationPolicy', 'ResumeReplicationPolicy', 'DeleteReplicationPolicy',
    'PauseReplicationExecution', 'ResumeReplicationExecution', 'RetryReplicationExecution', 'CancelReplicationExecution',
  ].map((type) => [type, object({ type: text() })])),
};

/** A command as it came over the bus. Refuses: InvalidRequest, naming the field. */
export function checkedReplicationMessage(message: unknown): ReplicationMessage {
  const type = typeIn(message);
  const command = Object.hasOwn(commands, type) ? commands[type] : undefined;
  if (!command) throw new Problem('InvalidRequest', { detail: 'In this message, the type of the command is unknown.' });
  const fault = faultIn(message, object({ envelope: object({ id: text(), command }), context }), {}, 'The command');
  if (fault !== undefined) throw new Problem('InvalidRequest', { detail: `${fault}.` });
  return message as ReplicationMessage;
}

const typeIn = (message: unknown): string => String((message as { envelope?: { command?: { type?: unknown } } } | null)?.envelope?.command?.type ?? '');
