export {
  BrokenChain, foldAggregate, imageFolding, loadAggregate, loadImage, type Aggregate, type CommandTrace, type Folding,
} from './aggregate.js';
export { answerAuthCallouts, wishOf, type AuditAccessOptions, type AuditGuest, type AuditWish } from './audit-access.js';
export { auditOutlet, type AuditOutlet, type AuditRetention, type OutgoingAudit } from './audit.jetstream.js';
export { crashPoint, crashPoints, type CrashPoint } from './crash-point.js';
export { WrongExpectedSequence, type AppendOptions, type EventLog, type FollowOptions, type LogExtent, type Stored } from './event-log.js';
export { readDigestKey, readDigests, type DigestFault, type KeptDigest } from './digests/digest-files.js';
export { rootOf, type LogHead } from './digests/digest.js';
export { makeDigest, type MadeDigest, type MakeDigestOptions } from './digests/make-digest.js';
export { createExecutor, type Executor, type ExecutorOptions, type ImageAdmission } from './execute.js';
export { createMetadefExecutor, loadNamespace, metadefFolding, type MetadefExecutor } from './execute-metadefs.js';
export { createReplicationExecutor, loadReplication, type ReplicationExecutor } from './execute-replications.js';
export { compareWithLog, judgeLog, type LogJudgement, type RememberedPosition } from './guard.js';
export { jetStreamEventLog, type JetStreamLogOptions } from './jetstream.js';
export { jetStreamLeases } from './leases.jetstream.js';
export { memoryLeases } from './leases.memory.js';
export { tallyLeases, type LeaseTally } from './leases.tally.js';
export type { Leases } from './leases.js';
export { memoryEventLog, type MemoryEventLogOptions } from './memory.js';
export { notificationOutlet, type NotificationOutlet, type OutgoingNotification } from './notifications.jetstream.js';
export { repairTail, type Repaired, type RepairOptions, type RepairStep } from './repair.js';
export { keepSealedTokens, sealedTokenDrop, sealedTokens, type SealedKind, type SealedTokenDrop, type SealedTokens } from './sealed-tokens.js';
export { createSealer, memoryPersonKeys, type PersonalValues, type SealedPlace, type Sealer } from './sealing.js';
export { createStreams, type StreamOptions } from './streams.js';
export type { Finding } from './finding.js';
export { verifyLog, type Verified, type VerifyOptions } from './verify.js';
export { workBacklog, workOnImages, type WorkBacklog, type WorkOptions, type WorkOutcome } from './work.jetstream.js';
export { jetStreamTurns, type Turns } from './turns.jetstream.js';
