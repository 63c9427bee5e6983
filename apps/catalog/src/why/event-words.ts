import type { DataInspection, ImageEvent } from '#libs/domain';

type DataOf<Type extends ImageEvent['type']> = Extract<ImageEvent, { type: Type }>['data'];

/** What an event says, in words for an operator. An event without words does not compile. */
const words: { readonly [Type in ImageEvent['type']]: (data: DataOf<Type>) => string } = {
  ImageCreated: ({ visibility }) => `the image was created, ${visibility}`,
  ImagePropertiesChanged: ({ attributes, cleared, set, removed }) =>
    `properties were changed: ${[...Object.keys(attributes), ...cleared, ...Object.keys(set), ...removed].join(', ')}`,
  ImageVisibilityChanged: ({ visibility }) => `its visibility became ${visibility}`,
  ImageTagAdded: ({ tag }) => `the tag ${quoted(tag)} was added`,
  ImageTagRemoved: ({ tag }) => `the tag ${quoted(tag)} was removed`,
  ImageDataUploadStarted: ({ storeId, declaredSizeBytes }) =>
    `an upload into store ${storeId} began${declaredSizeBytes === undefined ? '' : `, announced with ${declaredSizeBytes} bytes`}`,
  ImageDataStored: ({ storeId, sizeBytes, checksum }) => `${sizeBytes} bytes were stored in ${storeId}, md5 ${checksum}`,
  ImageActivated: () => 'the image became active',
  ImageDataUploadFailed: ({ reason }) => `the upload came to nothing (${reason})`,
  ImageDataRemoved: ({ storeId }) => `bytes that nothing refers to were removed from ${storeId}`,
  ImageDeactivated: () => 'the image was deactivated',
  ImageReactivated: () => 'the image was reactivated',
  ImageDeleted: ({ keptUntil }) => `the image was deleted${keptUntil === undefined ? '' : `, and is kept until ${keptUntil}`}`,
  ImageUndeleted: ({ status }) => `the image came back, ${status}`,
  ImageRetentionEnded: () => 'the deleted image was no longer kept',
  ImageStagingStarted: ({ isResumable = false }) => `staging began${isResumable ? ', in parts' : ''}`,
  ImageDataStaged: ({ sizeBytes }) => `${sizeBytes} bytes were staged`,
  ImageStagingFailed: ({ reason }) => `staging came to nothing (${reason})`,
  ImageStagedDataExpired: () => 'staged data that nobody imported was given up',
  ImageImportRequested: ({ method, importId, storeIds, sourceUri, sourceRegion, sourceImageId }) =>
    `an import by ${method} into ${storeIds.join(', ')} was asked for${from({ sourceUri, sourceRegion, sourceImageId })}, import ${importId}`,
  ImageImportSourceAsked: ({ hops }) => `the source was asked: ${hops.map(({ uri, status }) => `${uri} answered ${status}`).join(', then ')}`,
  ImageStoreImportStarted: ({ storeId }) => `the import began to fill store ${storeId}`,
  ImageStoreImportFailed: ({ storeId, reason }) => `the import brought nothing to store ${storeId}: ${reason}`,
  ImageImportSucceeded: ({ importId }) => `import ${importId} succeeded`,
  ImageImportFailed: ({ importId, reason }) => `import ${importId} failed: ${reason}`,
  ImageDataInspected: (data) => `its data was inspected: ${inspectionInWords(data)}`,
  ImageDataDropped: ({ storeId }) => `the copy in store ${storeId} was given up`,
  ImageLocationAdded: ({ storeId, uri }) => `its data was said to lie at ${uri}, read by store ${storeId}`,
  ImageLocationsArranged: () => 'its locations were arranged anew',
  ImageDataDecompressed: ({ compression, compressedSizeBytes }) => `its data came as ${compressedSizeBytes} bytes of ${compression} and was decompressed`,
  ImageDataConverted: ({ fromDiskFormat, toDiskFormat }) => `its data was converted from ${fromDiskFormat} to ${toDiskFormat}`,
  ImageDataVerified: ({ verifier, isAccepted, detail }) => `${verifier} ${isAccepted ? 'accepted' : 'refused'} its data${detail === '' ? '' : `: ${detail}`}`,
  ImageDataChecked: ({ storeId, verdict, detail }) => `its copy in store ${storeId} was found ${verdict}${detail === '' ? '' : `: ${detail}`}`,
  ImageDataHealingStarted: ({ storeId }) => `a new copy for the bad one in store ${storeId} was begun`,
  ImageDataHealed: ({ storeId }) => `the bad copy in store ${storeId} was replaced`,
  ImageDataHealingFailed: ({ storeId }) => `the bad copy in store ${storeId} could not be replaced`,
  MemberAdded: ({ memberId }) => `it was shared with project ${memberId}`,
  MemberAccepted: ({ memberId }) => `project ${memberId} accepted it`,
  MemberRejected: ({ memberId }) => `project ${memberId} rejected it`,
  MemberReset: ({ memberId }) => `project ${memberId} is to decide about it again`,
  MemberRemoved: ({ memberId }) => `it is no longer shared with project ${memberId}`,
};

export const eventInWords = ({ type, data }: ImageEvent): string => (words[type] as (data: ImageEvent['data']) => string)(data);

export function inspectionInWords({ format, virtualSizeBytes, findings, signature }: DataInspection): string {
  return [
    format === undefined ? 'several formats match' : `it is ${format}`,
    ...(virtualSizeBytes === undefined ? [] : [`${virtualSizeBytes} bytes large inside`]),
    findings.length === 0 ? 'no rule is broken' : `rules broken: ${findings.map(({ rule, detail }) => `${rule} (${detail})`).join('; ')}`,
    ...(signature ? [signature.isValid ? 'its signature is valid' : `its signature is not valid: ${signature.reason ?? 'it is another\'s'}`] : []),
  ].join(', ');
}

interface Source { readonly sourceUri: string | undefined; readonly sourceRegion: string | undefined; readonly sourceImageId: string | undefined }

function from({ sourceUri, sourceRegion, sourceImageId }: Source): string {
  if (sourceUri !== undefined) return ` from ${sourceUri}`;
  return sourceRegion === undefined ? '' : ` from image ${sourceImageId ?? ''} of region ${sourceRegion}`;
}

const quoted = (text: string): string => JSON.stringify(text);
