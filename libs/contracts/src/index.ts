export { bytesIn, sizePattern } from './byte-units.js';
export { openCapability, signCapability, type CapabilityClaims } from './capability.js';
export {
  commitLimitBytes, commitsOf, decodeCommit, encodeCommit, hashOfCommit, imageCommits, metadefCommits, replicationCommits, timeOfCommit, type Commit, type CommitActor, type CommitCodec,
} from './commit.js';
export { importProperties, shownSizeBytes, taskTypeOf, type TaskType } from './import-properties.js';
export { imageEventSchemas, metadefEventSchemas, replicationEventSchemas } from './event-schemas.js';
export {
  imageFromJson, namespaceFromJson, replicationFromJson, type Answer, type AttemptFate, type AttemptsAnswer, type AttemptsQuestion, type CommandContext, type CopiesAnswer, type CopiesOfRegion, type CopiesQuestion, type HistoryAnswer, type HistoryEntry, type HistoryQuestion, type ImageCommandAnswer,
  type ImageCommandMessage, type MetadefCommandAnswer, type MetadefCommandMessage, type PastAnswer, type PastImage, type PastImagesAnswer, type PastImagesQuestion, type PastQuestion, type PastUntil, type Projected, type ReachedService, type RegionsAnswer, type RegionsQuestion, type ReplicationAnswer, type ReplicationMessage, type ReplicationsAnswer, type ReplicationsQuestion,
  type RemoteImage, type RemovalsAnswer, type RemovalsQuestion, type ReservationAnswer, type ReservationQuestion, type StagedAnswer, type StagedQuestion, type StatusAnswer, type StoredAnswer, type StoredImage, type StoredQuestion, type UsageAnswer, type UsageQuestion,
} from './messages.js';
export { checksumAlgorithms, lengthIn, partNamed, uploadIdOf, uploadNamed, wholePart, type ChecksumAlgorithm, type PartChecksum, type UploadAsk, type UploadNotes, type UploadState } from './uploads.js';
export { digestOfOrder, openRegionsAccess, sealRegionsAccess, type CopyLine, type CopyOrder, type RegionsAccess } from './copy-order.js';
export type { Followed, FollowWish, Hearing } from './links.js';
export { derivedUuid } from './derived-uuid.js';
export { known } from './known.js';
export { moment } from './moment.js';
export { inboxPrefix, keptFromLinks, linkPermissions, linkUser, natsPermissions, natsUsers, type NatsPermissions, type NatsUser } from './permissions.js';
export { openQuery, sealQuery, type QueryOf } from './sealed-query.js';
export { openAccess, sealAccess, type NoAccess, type RemoteAccess, type SealedFor } from './sealed-token.js';
export type { PersonKeys } from './person-keys.js';
export { progressActions, type Progress, type ProgressAction, type ProgressStep, type TellProgress } from './progress.js';
export { auditIssuer, type AuditIssuer, type IssuedClaims } from './audit-issuer.js';
export { audiences, type AuditChange, type Audience, type AuditEvent, type Fed } from './audit-event.js';
export {
  addressOf, auditConsumerName, auditConsumerPrefix, auditDelivery, auditFilter, auditStreamName, auditSubject, auditSubjects, authCalloutSubject, commandSubject, fedSubject, followedSubject, followerPrefix, followSubject, isAuditConsumer, imageIdOfProgress, imageSubject, imageSubjects, isLowerUuid, isRegionName, leaseStreamName, leaseSubject, leaseSubjects,
  isTopicName, metadefSubject, metadefSubjects, namespaceNameLength, namespaceOfToken, namespaceToken,
  notificationStreamName, notificationSubject, notificationSubjects,
  policySubject, policySubjects, progressSubject, progressSubjects, projectedSubject, queryStreamName, querySubject, querySubjects, questionSubject, questions, sealedStreamName, sealedSubject, sealedSubjects, streamName,
  streamSubjects, type AggregateAddress, type AggregateKind, type AuditReceiver, type Question,
} from './subjects.js';
export {
  openTarget, sealTarget, secretsAt, signedHeaders, type Webhook, type WebhookAnswer, type WebhookDelivery, type WebhookOutcome, type WebhookQuestion, type WebhookTarget, type WebhookWork,
} from './webhooks.js';
