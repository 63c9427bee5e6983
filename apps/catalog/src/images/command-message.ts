import type { CommandContext, ImageCommandMessage } from '#libs/contracts';
import {
  arrivalTypes, importMethods, memberStatuses, uploadFailures, visibilities, type Arrival, type DataInspection, type ImageAttributes, type ImportToRequest, type ImageCommand, type PropertyChange, type DataPreparation, type DataVerification, type SignatureVerdict, dataVerdicts,
} from '#libs/domain';
import {
  anything, count, dictionary, fields, flag, json, list, nullable, oneOf, optional, plainObject, present, record, text, uuid, type Check, type Checks,
} from '../checks.js';
import { locationChange } from './location-check.js';

/**
 * A command as it came over the bus, checked once: every field has its type and a bound, so that nothing of any size
 * or shape reaches the decider, a subject or the log. The gateway checks the client's request long before; this is the
 * catalog's own door, and what it lets in is copied field by field. Refuses: InvalidRequest, naming the field.
 */
export function checkedCommandMessage(message: unknown): ImageCommandMessage {
  const { envelope, context } = fields(message, 'the command', { envelope: anything, context: anything });
  const { imageId, command, authorizedFor } = fields(envelope, 'envelope', {
    imageId: uuid, command: checkedCommand,
    authorizedFor: optional(record({ owner: nullable(text(255)), visibility: oneOf(visibilities) })),
  });
  return { envelope: { imageId, command, ...present({ authorizedFor }) }, context: checkedContext(context) };
}

/** More properties, tags or changes than any quota allows at once; the quotas themselves are the decider's. */
const mostAtOnce = 10_000;
const propertyName = text(255);
const propertyValue = text(65_535);
const attributes: Checks<ImageAttributes> = {
  name: nullable(text(255)), owner: nullable(text(255)), isProtected: flag, isHidden: flag,
  containerFormat: nullable(text(255)), diskFormat: nullable(text(255)), minDisk: count, minRam: count,
};
const attributeNames = Object.keys(attributes) as (keyof ImageAttributes)[];
const attempt = { attemptId: uuid };
const ofImport = { importId: uuid };
const inspection = record<DataInspection>({
  format: optional(text(64)) as Check<string>, virtualSizeBytes: optional(count) as Check<number>, findings: list(100, record({ rule: text(64), detail: text(255) })),
  signature: optional(record<SignatureVerdict>({ certificateId: text(255), hashMethod: text(255), keyType: text(255), isValid: flag, reason: optional(text(1024)) as Check<string> })) as Check<SignatureVerdict>,
});
const inspectedOrNot = { inspection: optional(inspection) as Check<DataInspection> };
const stagedFacts = { sizeBytes: count, checksum: text(255), osHashAlgo: text(64), osHashValue: text(255) };
const dataFacts = { ...stagedFacts, virtualSizeBytes: optional(count) as Check<number> };
const uploadFailure = oneOf(uploadFailures);
const verificationFields: Checks<DataVerification> = { verifier: text(64), isAccepted: flag, detail: text(255) };
const verification = record(verificationFields);
const preparations = {
  decompressed: record({ step: oneOf(['decompressed']), compression: text(64), compressedSizeBytes: count }),
  converted: record({ step: oneOf(['converted']), fromDiskFormat: text(64), toDiskFormat: text(64), fromSizeBytes: count, fromChecksum: text(255) }),
  verified: record({ step: oneOf(['verified']), ...verificationFields }),
} satisfies { [Step in DataPreparation['step']]: Check<DataPreparation> };
const preparation: Check<DataPreparation> = (value, name) =>
  preparations[oneOf(Object.keys(preparations) as DataPreparation['step'][])(plainObject(value, name)['step'], `${name}.step`)](value, name);
const nothing = {};
const importRequest: Checks<ImportToRequest> = {
  ...ofImport, method: oneOf(importMethods), storeIds: list(100, text(255)), allStoresMustSucceed: flag, skipsPresent: flag, sourceUri: optional(text(2048)) as Check<string>, sourceHasQuery: optional(oneOf([true])) as Check<true>,
  sourceRegion: optional(text(255)) as Check<string>, sourceImageId: optional(uuid) as Check<string>, sourceInterface: optional(text(64)) as Check<string>,
  targetRegions: optional(list(100, text(64))) as Check<readonly string[]>, targetImageId: optional(uuid) as Check<string>, replicationPolicyId: optional(uuid) as Check<string>,
  targetUri: optional(text(2048)) as Check<string>, convertTo: optional(text(64)) as Check<string>, expectedHashAlgo: optional(text(64)) as Check<string>, expectedHashValue: optional(text(255)) as Check<string>,
  signingCertificate: optional(text(8192)) as Check<string>, signingCertificateId: optional(text(255)) as Check<string>, signingRefusal: optional(text(1024)) as Check<string>,
  taskType: optional(oneOf(['import'])) as Check<'import'>,
  injectedProperties: optional(dictionary(1000, propertyName, propertyValue)) as Check<Readonly<Record<string, string>>>,
};
const arrival = record<Arrival>({ actionType: oneOf(arrivalTypes), location: optional(text(2048)) as Check<string>, imageProperties: json(256 * 1024) });
/** A moment that the catalog sets itself, whatever came over the bus. */
const setHere = (() => undefined) as unknown as Check<string>;

const changeChecks = {
  visibility: record({ of: oneOf(['visibility']), value: oneOf(visibilities) }),
  tags: record({ of: oneOf(['tags']), value: list(mostAtOnce, text(255)) }),
  attribute: (value: unknown, name: string) => {
    const change = fields(value, name, { name: oneOf(attributeNames), value: anything });
    return { of: 'attribute' as const, name: change.name, value: attributes[change.name](change.value, `${name}.value`) };
  },
  property: (value: unknown, name: string) => {
    const of = 'property' as const;
    const { op, name: property } = fields(value, name, { op: oneOf(['add', 'addNew', 'replace', 'remove']), name: propertyName });
    if (op === 'remove') return { of, op, name: property };
    return { of, op, name: property, value: fields(value, name, { value: propertyValue }).value };
  },
  locations: locationChange,
} satisfies { [Of in PropertyChange['of']]: Check<PropertyChange> };

const change: Check<PropertyChange> = (value, name) =>
  changeChecks[oneOf(Object.keys(changeChecks) as PropertyChange['of'][])(plainObject(value, name)['of'], `${name}.of`)](value, name);

type FieldsOf<Type extends ImageCommand['type']> = Omit<Extract<ImageCommand, { type: Type }>, 'type'>;

const commandChecks: { readonly [Type in ImageCommand['type']]: Checks<FieldsOf<Type>> } = {
  CreateImage: { ...attributes, visibility: oneOf(visibilities), tags: list(mostAtOnce, text(255)), properties: dictionary(mostAtOnce, propertyName, propertyValue) },
  CreateArrivingImage: {
    ...attributes, visibility: oneOf(visibilities), tags: list(mostAtOnce, text(255)), properties: dictionary(mostAtOnce, propertyName, propertyValue), arrival, request: record(importRequest),
  },
  ChangeImageProperties: { changes: list(mostAtOnce, change) },
  AddImageTag: { tag: text(255) },
  RemoveImageTag: { tag: text(255) },
  StartImageDataUpload: { ...attempt, storeId: text(255), declaredSizeBytes: optional(count) as Check<number> },
  CompleteImageDataUpload: {
    ...attempt, ...inspectedOrNot, ...dataFacts,
  },
  RecordDataInspection: { ...attempt, inspection },
  FailImageDataUpload: { ...attempt, reason: uploadFailure },
  RecordImageDataRemoved: attempt,
  RecordDataCheck: { ...attempt, verdict: oneOf(dataVerdicts), detail: text(255) },
  StartDataHealing: { ...attempt, heals: uuid },
  CompleteDataHealing: { ...attempt, ...dataFacts },
  FailDataHealing: attempt,
  DeactivateImage: nothing,
  ReactivateImage: nothing,
  DeleteImage: { keptUntil: setHere },
  UndeleteImage: { at: setHere },
  EndImageRetention: { at: setHere },
  StartImageStaging: { ...attempt, storeId: text(255), declaredSizeBytes: optional(count) as Check<number>, isResumable: optional(flag) as Check<boolean> },
  CompleteImageStaging: { ...attempt, ...inspectedOrNot, ...stagedFacts },
  FailImageStaging: { ...attempt, reason: uploadFailure },
  ExpireStagedData: attempt,
  RequestImageImport: importRequest,
  RecordImportHops: { ...ofImport, hops: list(100, record({ uri: text(4096), status: count })) },
  DescribeImportedImage: { ...ofImport, diskFormat: text(255), containerFormat: text(255), properties: dictionary(mostAtOnce, propertyName, propertyValue) },
  StartStoreImport: { ...ofImport, ...attempt, storeId: text(255) },
  CompleteStoreImport: {
    ...ofImport, ...attempt, ...inspectedOrNot, acceptedAs: optional(record({ diskFormat: nullable(text(255)), containerFormat: nullable(text(255)) })) as Check<Pick<ImageAttributes, 'diskFormat' | 'containerFormat'>>, prepared: optional(list(20, preparation)) as Check<readonly DataPreparation[]>,
    ...dataFacts,
  },
  RecordDataVerification: { ...attempt, verification },
  FailStoreImport: { ...ofImport, storeId: text(255), reason: text(1024) },
  FinishImport: { ...ofImport, reason: text(1024) },
  FailImport: { ...ofImport, reason: text(1024) },
  DropImageData: { storeId: text(255) },
  AddMember: { memberId: text(255) },
  ChangeMemberStatus: { memberId: text(255), status: oneOf(memberStatuses) },
  RemoveMember: { memberId: text(255) },
};

function checkedCommand(value: unknown, name: string): ImageCommand {
  const type = oneOf(Object.keys(commandChecks) as ImageCommand['type'][])(plainObject(value, name)['type'], `${name}.type`);
  return { type, ...present(fields<Record<string, unknown>>(value, name, commandChecks[type])) } as unknown as ImageCommand;
}

export function checkedContext(value: unknown): CommandContext {
  const short = text(255);
  return record<CommandContext>({
    commandId: short, requestId: short, requestHash: optional(short) as Check<string>, causationId: optional(short) as Check<string>,
    actor: record({ userId: short, projectId: optional(short) as Check<string>, domainId: optional(short) as Check<string>, authMethod: short }),
    personal: optional(record({ sourceAddress: optional(short) as Check<string>, userName: optional(short) as Check<string> })) as Check<NonNullable<CommandContext['personal']>>,
  })(value, 'context');
}
