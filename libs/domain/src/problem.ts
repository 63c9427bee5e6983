/**
 * Refusals: what a caller did wrong or must wait for, said so that he can act on it.
 * A code is stable and crosses process boundaries; its HTTP status is chosen in one place, the gateway's `problem-status.ts`.
 * Sentences may name `{parameters}`; every one of them says what to do.
 */
const sentences = {
  // Requests
  InvalidRequest: '{detail}',
  UnsupportedMediaType: 'The media type {given} is not supported here. Send one of: {supported}.',
  RequestTooLarge: 'The request is larger than {limit}. Send less at once.',
  NotAuthenticated: 'This request needs a valid token in X-Auth-Token. Get one from the identity service and try again.',
  Forbidden: '{detail}',
  RouteNotFound: 'There is nothing at {path}. The image service answers under /v2/.',
  MethodNotAllowed: 'The method {method} is not allowed here. Use one of: {allowed}.',
  MethodUnknown: 'The method {method} is not one that this service knows. Use GET, POST, PUT, PATCH or DELETE.',
  RequestIdTooLong: 'X-Openstack-Request-ID is longer than {maxLength} characters. Send a shorter one, or none.',
  TooManyRequests: 'Your project asks more often than {limit} a second, the most that is answered here. Ask again in {seconds} seconds.',
  TooManyListeners: 'Your project listens to the progress of {limit} images already, the most it may at once. Close a listener, or ask now and then without Accept: text/event-stream.',
  ListenersFull: 'Nobody more can listen to progress at this gateway now. Ask now and then without Accept: text/event-stream, or listen again in {seconds} seconds.',
  TooManyConsumers: 'Your project has {limit} consumers of the audit stream, the most it may at once. Close one, and connect again in {seconds} seconds.',
  ListTooSlow: 'This list takes too long to find and was given up: no index leads to the images that it asks for. Sort by one key, or narrow it by name, owner, status or tag, and ask again.',
  RangeNotSatisfiable: 'The range {range} does not lie within the {sizeBytes} bytes of this image. Ask for a range inside of them.',
  IdempotencyKeyReused: 'This Idempotency-Key was used before with another request. Use a new key for a new request.',

  // Images
  ImageNotFound: 'No image found with ID {imageId}.',
  ImageIdTaken: 'An image with ID {imageId} exists or existed before. Choose another ID or leave it out.',
  ImageIsProtected: 'Image {imageId} is protected and cannot be deleted. Set protected to false first.',
  ImageStatusConflict: 'Image {imageId} is {status}; this needs an image that is {needed}.',
  ImageStatusForbids: 'Image {imageId} is {status}; this needs an image that is {needed}.',
  ImageGone: 'Image {imageId} was deleted while its data was arriving. The data was not kept.',
  FormatsMissing: 'Image {imageId} has no {missing}. Set it before sending data.',
  FormatsFixed: 'The {attribute} of image {imageId} cannot change once it has data.',
  AttributeNotRemovable: 'The attribute {name} belongs to every image and cannot be removed. Replace its value instead.',
  PropertyExists: 'The property {name} is already present. Use replace to change it.',
  PropertyMissing: 'The property {name} does not exist. Use add to create it.',
  ImageNotDeleted: 'Image {imageId} is {status}, not deleted. There is nothing to bring back.',
  UndeleteTooLate: 'Image {imageId} was deleted and is no longer kept: its data is gone, or about to go. Create a new image, with another id.',
  ImageNotYet: 'Image {imageId} did not exist yet at that moment. Its history tells since when it does.',
  TagNotFound: 'Image {imageId} has no tag {tag}.',
  DeactivatedImage: 'Image {imageId} is deactivated; its data cannot be downloaded until it is reactivated.',
  TooManyProperties: 'An image may have at most {limit} additional properties; this would make {count}. Remove some first.',
  TooManyTags: 'An image may have at most {limit} tags; this would make {count}. Remove some first.',
  TooManyLocations: 'An image may have at most {limit} locations; this would make {count}. Remove some first.',
  TooManyMembers: 'An image may be shared with at most {limit} members; this would make {count}. Remove some first.',
  CommitTooLarge: 'This change is larger than {limitBytes} bytes. Split it into smaller ones.',
  HistoryTooLong: 'Image {imageId} has reached {limit} changes, the most one image may have. Create a new image from it.',

  // Members
  ImageNotShared: 'Image {imageId} is {visibility}; only a shared image has members. Set its visibility to shared first.',
  MemberExists: 'Project {memberId} is a member of image {imageId} already.',
  MemberNotFound: 'Project {memberId} is not a member of image {imageId}.',

  // Metadata definitions
  NamespaceNotFound: 'Namespace {namespace} was not found. The namespaces that you can see are listed at /v2/metadefs/namespaces.',
  NamespaceExists: 'A namespace {namespace} exists already, here or in another project. Choose another name.',
  NamespaceIsProtected: 'Namespace {namespace} is protected: neither it nor anything in it can be deleted. Set protected to false first.',
  NamespaceTooLarge: 'Namespace {namespace} would have more than {limitBytes} bytes of JSON with all it holds. Split it into several namespaces.',
  NamespaceHistoryTooLong: 'Namespace {namespace} has reached {limit} changes, the most one name may have. Use another name.',
  NamespaceBeingRenamed: 'Namespace {namespace} is being renamed. Try again in a moment.',
  NamespaceConflict: 'Namespace {namespace} changed at the same time in another request. Read it again and repeat the change.',
  NamespaceAuthorizationStale: 'Owner or visibility of namespace {namespace} changed while the request was checked. Try again.',
  ResourceTypeAssociationExists: 'Namespace {namespace} is associated with resource type {name} already.',
  ResourceTypeAssociationNotFound: 'Namespace {namespace} is not associated with a resource type {name}. Its associations are listed at its resource_types.',
  MetadefPropertyExists: 'Namespace {namespace} has a property {name} already. Change that one, or choose another name.',
  MetadefPropertyNotFound: 'Namespace {namespace} has no property {name}. Its properties are listed at its properties.',
  MetadefObjectExists: 'Namespace {namespace} has an object {name} already. Change that one, or choose another name.',
  MetadefObjectNotFound: 'Namespace {namespace} has no object {name}. Its objects are listed at its objects.',
  MetadefTagExists: 'Namespace {namespace} has a tag {name} already.',
  MetadefTagNotFound: 'Namespace {namespace} has no tag {name}. Its tags are listed at its tags.',

  // Replication
  WebhookNotFound: 'There is no webhook {webhookId}. Webhooks are listed at /v2/webhooks.',
  WebhookConflict: 'Webhook {webhookId} changed at the same time in another request. Repeat the request.',
  WebhookDeliveryNotFound: 'Event {eventId} is not in the list of what this webhook was sent, or is being sent now. The list is at /v2/webhooks/{webhookId}/deliveries.',
  WebhooksOff: 'This region sends no webhooks. Ask its operator to set heliograph.seal_key for gateways and importers.',
  TooManyWebhooks: 'A project may have {limit} webhooks. Delete one that is not needed any more.',
  ReplicationPolicyNotFound: 'There is no replication policy {policyId}. The policies are listed at /v2/replication-policies.',
  ReplicationPolicyExists: 'A replication policy {policyId} exists or existed before. Leave the id out.',
  ReplicationPolicyIsPaused: 'Replication policy {policyId} is paused. Resume it first, or ask for a dry run.',
  ReplicationExecutionNotFound: 'There is no execution {executionId} of this policy. Its executions are listed at its executions.',
  ReplicationExecutionOver: 'Execution {executionId} is {status}: it is over. Start another one.',
  ReplicationExecutionNotFailed: 'Execution {executionId} is {status}; only one that failed can be tried again.',
  ReplicationNothingToRetry: 'Execution {executionId} failed before it knew what to do. Start another one.',
  ReplicationConflict: '{id} changed at the same time in another request. Read it again and repeat the change.',
  ReplicationHistoryTooLong: '{id} has reached {limit} changes, the most one policy or execution may have. Create a new one.',

  // Data
  LimitReached: 'Project {projectId} would use {asked} of the {limit} that it may have as {resource}. Delete what is not needed any more, or ask your operator for a higher limit.',
  StoreUnknown: 'There is no store named {storeId}. The stores are listed at /v2/info/stores.',
  StoreUnavailable: 'Store {storeId} cannot take or give data now. Try again later.',
  StoreFull: 'Store {storeId} has no room left for this image. Ask your operator, or choose another store.',
  ImageTooLarge: 'The image is larger than the {limitBytes} bytes allowed here. Send a smaller image or ask your operator.',
  SizeMismatch: 'The image was announced with {declaredBytes} bytes but {receivedBytes} arrived. Send it again.',
  DataFormatMismatch: 'The data of image {imageId} was not accepted: {detail}. Set disk_format to what the data is, or send other data.',
  DataFormatUnknown: 'Nobody said what disk_format the data of image {imageId} has, and it cannot be told from the data, which is {found}. Say it in image_properties; raw if it is a raw disk.',
  DataUnsafe: 'The data of image {imageId} failed the safety check {rule}: {detail}. Convert it to an image that stands alone and is well-formed.',
  DataNotDecompressed: 'The data of image {imageId} could not be decompressed: {reason}. Decompress it yourself, and import it again.',
  DataNotConverted: 'The data of image {imageId} could not be converted to {format}: {reason}. Convert it yourself, and import it again.',
  DataNotVerified: 'The data of image {imageId} was refused by {verifier}, which the operator has every import verified by: {reason}. Mend the data, or ask your operator.',
  SignatureNotVerified: 'Signature verification failed for image {imageId}: {detail}. Correct the img_signature properties, or sign the data that you send.',
  UploadInterrupted: 'The upload of image {imageId} ended before all of it had arrived. The image is queued again; send it once more.',
  UploadPaused: 'The connection ended before all of this part had arrived. What arrived is kept: ask for the offset and go on from there.',
  UploadOffsetMismatch: 'This upload has {uploadOffset} bytes, and the part that was sent begins at {given}. Send what follows byte {uploadOffset}.',
  ContentRangeInvalid: 'The Content-Range {given} cannot be that of a part of this upload: {reason}. Send bytes first-last/total, both ends included.',
  UploadNotFound: 'Image {imageId} has no upload {uploadId}: it is over, or there never was one. Begin a new one.',
  UploadInProgress: 'Image {imageId} has an upload under way, {uploadId}. Go on with it, or delete it first.',
  UploadNotResumable: 'Data is staged in one go here and cannot be sent in parts. Send all of it with one PUT, or ask your operator for a staging area that takes parts.',
  UploadLocked: 'How far this upload is cannot be told now. Ask again in {seconds} seconds.',
  ChecksumMismatch: 'The bytes of this part do not have the {algorithm} that was sent with them, and none of them was kept. Send the part again.',
  TusVersionUnsupported: 'Uploads speak version {supported} of the tus protocol. Say so in the header Tus-Resumable.',
  TooManyParts: 'An upload may have at most {limit} parts that are not joined yet. Send larger ones.',
  ImageDataNotFound: 'The data of image {imageId} is not in store {storeId}.',
  AttemptOver: 'This upload of image {imageId} is over: it stalled for too long or another one took its place. Start again.',

  CacheNotShared: 'Each gateway keeps a cache of its own and knows of no other. Ask each for its own list at /v2/cache.',

  // Bytes from elsewhere
  UriNotAllowed: 'This URI does not pass filtering: {part}. Use another one; which ones may be used, the operator\'s filter decides.',
  DownloadFailed: 'Could not retrieve {uri}: {reason}. See that it can be downloaded, and import again.',
  DownloadTimedOut: 'Could not retrieve {uri} within {seconds} seconds. Import it again from a faster place, or ask your operator for more time.',
  UriQueryLost: 'The query of the URI, which is held in memory alone, is not there any more: the image service was interrupted, or a day has passed. Import again.',

  ExportFailed: 'Could not write to {uri}: {reason}. See that it can be written there, and export again.',
  SourceImageGone: 'Image {imageId} is not active any more, or was deleted. Choose another one.',

  // Images of other regions
  RegionNotInCatalogue: 'Your service catalogue has no image service in region {region} with the interface {interface}. It has {known}. Name one of these, or ask your operator.',
  RemoteTokenRefused: 'Region {region} does not accept the token that came with this import any more: it has expired or was revoked. Get a new token and import again.',
  RemoteTokenLost: 'The token that came with this import is not there any more: it has expired, or the image service was interrupted. Import again.',
  RemoteImageNotFound: 'Region {region} has no image {imageId} that you may see. Check the id, and that your project may see the image there.',
  RemoteImageForbidden: 'Region {region} does not let you download image {imageId}. Ask its owner, or the operator there.',
  RemoteImageNotActive: 'Image {imageId} in region {region} is {status}; only an active image can be imported. Import it once it is active there.',
  RemoteImageUnusable: 'Region {region} describes image {imageId} in a way that cannot be used: {detail}. Tell the operator there.',
  RemoteRegionFailed: 'Region {region} did not bring image {imageId}: {reason}. Import again later, and ask your operator if it happens once more.',

  CopyFailed: 'The image was not copied: {failed}.{done} See to that, and ask again.',

  // Imports
  ImportInProgress: 'Image {imageId} is being imported by {importId}. Wait until that ends.',
  ImportNotRunning: 'Image {imageId} is not being imported. There is nothing to cancel.',
  ImportOver: 'The import {importId} of image {imageId} is over.',
  FormatsMissingForImport: 'Image {imageId} needs both disk_format and container_format before an import. Set them first.',
  TaskNotFound: 'No task found with ID {taskId}. A task is told of for two days after its end.',
  StoreHasImage: 'Store {storeId} has the data of image {imageId} already. Leave it out.',
  StoreHasNoImage: 'Store {storeId} does not have the data of image {imageId}.',
  LocationExists: 'Image {imageId} has the location {url} already. Leave it out.',
  LocationsFixed: 'Image {imageId} has locations already. Replacing them may change their order and their metadata, but not where they are: add or remove single ones.',
  LocationsDiffer: 'What is said of the data of image {imageId} is not true of all its locations: they have another {what}. A location must hold the same data.',
  ValidationDataImpossible: 'The validation_data cannot be true: {what}. Correct it, or leave it out.',
  LocationUnreadable: 'There is no data to be read at {url}. See that it can be downloaded from there and is not empty, and try again.',
  LastLocation: 'Store {storeId} is the only one that has the data of image {imageId}. Delete the image, or copy it to another store first.',
  HashMismatch: 'The bytes that arrived for image {imageId} are not the bytes that were announced. Try again.',

  // Actions
  ActionNotFound: 'There is no {kind} {actionId} of yours. Yours are listed at {list}; one is told of for two days after its end.',
  ActionOver: 'The {kind} {actionId} is over: {status}. There is nothing to cancel.',
  TooManyActions: 'Your project has {limit} imports and other actions under way, the most it may at once. Wait until one of them has ended, or cancel one.',

  // Concurrency and outages
  Conflict: 'Image {imageId} changed at the same time in another request. Read it again and repeat the change.',
  AuthorizationStale: 'Owner or visibility of image {imageId} changed while the request was checked. Try again.',
  NotYetVisible: 'The change was recorded but cannot be read back yet. Repeat the request with the same Idempotency-Key in {seconds} seconds.',
  Unavailable: '{what} cannot be reached now. Try again in {seconds} seconds.',
  LogFull: 'The event log has no room left, and no change is accepted until it has. The operator gives it more room: a larger disk or limit.',
  LogNotTrusted: 'The event log lost its tail or was replaced, and no change is accepted until it is repaired. The operator runs: npm run log:repair.',
} as const;

export type ProblemCode = keyof typeof sentences;
export type ProblemParams = Readonly<Record<string, string | number>>;

export class Problem extends Error {
  override readonly name = 'Problem';

  constructor(
    readonly code: ProblemCode,
    readonly params: ProblemParams = {},
    options?: ErrorOptions,
  ) {
    super(describe(code, params), options);
  }
}

/** Whether something that was thrown is a refusal with one of these codes. */
export const isProblem = (error: unknown, codes: ReadonlySet<ProblemCode>): error is Problem => error instanceof Problem && codes.has(error.code);

function describe(code: ProblemCode, params: ProblemParams): string {
  return sentences[code].replaceAll(/\{(\w+)\}/g, (_, name: string) => String(params[name] ?? `(${name})`));
}

export const problemCodes = Object.keys(sentences) as readonly ProblemCode[];
export const isProblemCode = (code: string): code is ProblemCode => Object.hasOwn(sentences, code);
