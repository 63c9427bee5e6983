export { openCapability, signCapability, type CapabilityClaims } from './capability.js';
export { commitLimitBytes, decodeCommit, encodeCommit, hashOfCommit, type Commit, type CommitActor } from './commit.js';
export { importProperties, shownSizeBytes } from './import-properties.js';
export { imageEventSchemas } from './event-schemas.js';
export {
  imageFromJson, type Answer, type CommandContext, type HistoryAnswer, type HistoryEntry, type HistoryQuestion, type ImageCommandAnswer,
  type ImageCommandMessage, type Projected, type RemovalsAnswer, type RemovalsQuestion, type StatusAnswer,
} from './messages.js';
export { inboxPrefix, natsPermissions, natsUsers, type NatsPermissions, type NatsUser } from './permissions.js';
export type { PersonKeys } from './person-keys.js';
export {
  addressOf, commandSubject, imageSubject, imageSubjects, isLowerUuid, isRegionName, leaseStreamName, leaseSubject, leaseSubjects,
  projectedSubject, questionSubject, questions, streamName, streamSubjects, type AggregateAddress, type AggregateKind, type Question,
} from './subjects.js';
