export type { Decider } from './decider.js';
export { cameBy, isLineageName, keptForName, lineageNames, lineageOf, lineageProperties, madeOf, originOf, versionOf, viaNames, type Lineage } from './lineage.js';
export { Problem, isProblem, isProblemCode, problemCodes, type ProblemCode, type ProblemParams } from './problem.js';
export {
  arrivalTypes, clearableAttributes, dataVerdicts, importMethods, noImage, uploadFailures, type Arrival, type ArrivalType, type Attempt, type DataCheck, type DataInspection, type Image, type ImageAttributes, type ImageDataFacts, type ImageEvent, type ImageState, type DataPreparation, type DataVerification,
  type KnownDataFacts, type LocationMetadata, type LocationValue,
  type ImportHop, type ImportInProgress, type ImportMethod, type ImportRequest, type Member, type NoImage, type SignatureVerdict, type StagedFacts, type UploadFailure,
} from './image/image.js';
export { errandTypes, exportStoreId, foundDiskFormat, isErrand, isErrandType, regionsStoreId } from './image/image.arrival.js';
export { storedAttempts } from './image/image.attempts.js';
export { isSameInspection } from './image/image.data.js';
export { evolveImage } from './image/image.evolve.js';
export { imageDecider, type ImageCommand, type ImageCommandEnvelope, type ImageDecider } from './image/image.commands.js';
export {
  attemptHolder, claimsOf, commandHolder, granted, holdersOf, importHolder, releasedBy, usageChanges, type Claim, type Held,
} from './quota/reservations.js';
export { noUsage, resources, usageOf, type Resource, type Usage } from './quota/usage.js';
export { nextImportStep, type ImportStep } from './image/image.import-process.js';
export type { ImportToRequest } from './image/image.imports.js';
export type { ImageLimits } from './image/image.limits.js';
export type { PropertyChange } from './image/image.properties.js';
export { isLocationMetadata, locationMetadataLimits, locationsOf, type GivenLocation, type Location, type LocationChange } from './image/image.locations.js';
export {
  imageStatuses, memberStatuses, stagingStoreId, visibilities, type ImageStatus, type MemberStatus, type Visibility,
} from './image/image.status.js';
export {
  definitionTypes, metadefVisibilities, noNamespace, type MetadefEvent, type MetadefObject, type MetadefProperty, type MetadefTag, type MetadefVisibility, type Namespace,
  type NamespaceAttributes, type NamespaceContent, type NamespaceState, type NoNamespace, type ObjectDefinition, type PropertyDefinition,
  type ResourceTypeAssociation, type ResourceTypeDefinition,
} from './metadef/metadef.js';
export { evolveNamespace } from './metadef/metadef.evolve.js';
export { metadefDecider, type MetadefCommand, type MetadefCommandEnvelope, type MetadefDecider } from './metadef/metadef.commands.js';
export { namespaceLimitBytes } from './metadef/metadef.limits.js';
export { loadModes, type LoadMode } from './metadef/metadef.load.js';
export {
  conflictRules, executionStatuses, isOpenExecution, mostReplicatedAtOnce, noReplication, replicationActions, replicationDirections, replicationOutcomes, replicationTriggers, type ConflictRule, type ExecutionStatus, type ImageResult, type NoReplication,
  type PlannedImage, type ReplicatedImage, type ReplicationAction, type ReplicationDirection, type ReplicationEvent, type ReplicationExecution, type ReplicationFilter, type ReplicationOutcome,
  type ReplicationPolicy, type ReplicationSettings, type ReplicationState, type ReplicationTrigger,
} from './replication/replication.js';
export { replicationDecider, type ReplicationCommand, type ReplicationCommandEnvelope, type ReplicationDecider } from './replication/replication.commands.js';
export { evolveReplication } from './replication/replication.evolve.js';
export { copyAmong, isCarriedProperty, planReplication, type ReplicationSight, type ShownImage } from './replication/replication.plan.js';
export { replicationLimits } from './replication/replication.settings.js';
