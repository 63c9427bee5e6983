import type { DescMessage } from '@bufbuild/protobuf';
import type { ImageEvent, MetadefEvent } from '#libs/domain';
import * as image from './generated/heliograph/v1/image_pb.js';
import * as metadef from './generated/heliograph/v1/metadef_pb.js';

/** The schema of every event that may be written, by its name; version 1 each. A new event does not compile without one. */
export const imageEventSchemas = {
  ImageCreated: image.ImageCreatedSchema,
  ImagePropertiesChanged: image.ImagePropertiesChangedSchema,
  ImageVisibilityChanged: image.ImageVisibilityChangedSchema,
  ImageTagAdded: image.ImageTagAddedSchema,
  ImageTagRemoved: image.ImageTagRemovedSchema,
  ImageDataUploadStarted: image.ImageDataUploadStartedSchema,
  ImageDataStored: image.ImageDataStoredSchema,
  ImageActivated: image.ImageActivatedSchema,
  ImageDataUploadFailed: image.ImageDataUploadFailedSchema,
  ImageDataRemoved: image.ImageDataRemovedSchema,
  ImageDeactivated: image.ImageDeactivatedSchema,
  ImageReactivated: image.ImageReactivatedSchema,
  ImageDeleted: image.ImageDeletedSchema,
  ImageStagingStarted: image.ImageStagingStartedSchema,
  ImageDataStaged: image.ImageDataStagedSchema,
  ImageStagingFailed: image.ImageStagingFailedSchema,
  ImageStagedDataExpired: image.ImageStagedDataExpiredSchema,
  ImageImportRequested: image.ImageImportRequestedSchema,
  ImageImportSourceAsked: image.ImageImportSourceAskedSchema,
  ImageStoreImportStarted: image.ImageStoreImportStartedSchema,
  ImageStoreImportFailed: image.ImageStoreImportFailedSchema,
  ImageImportSucceeded: image.ImageImportSucceededSchema,
  ImageImportFailed: image.ImageImportFailedSchema,
  ImageDataDropped: image.ImageDataDroppedSchema,
  MemberAdded: image.MemberAddedSchema,
  MemberAccepted: image.MemberAcceptedSchema,
  MemberRejected: image.MemberRejectedSchema,
  MemberReset: image.MemberResetSchema,
  MemberRemoved: image.MemberRemovedSchema,
} as const satisfies Record<ImageEvent['type'], DescMessage>;

export const metadefEventSchemas = {
  MetadefNamespaceCreated: metadef.MetadefNamespaceCreatedSchema,
  MetadefNamespaceChanged: metadef.MetadefNamespaceChangedSchema,
  MetadefNamespaceDeleted: metadef.MetadefNamespaceDeletedSchema,
  MetadefResourceTypeAssociated: metadef.MetadefResourceTypeAssociatedSchema,
  MetadefResourceTypeAssociationChanged: metadef.MetadefResourceTypeAssociationChangedSchema,
  MetadefResourceTypeDissociated: metadef.MetadefResourceTypeDissociatedSchema,
  MetadefPropertyAdded: metadef.MetadefPropertyAddedSchema,
  MetadefPropertyChanged: metadef.MetadefPropertyChangedSchema,
  MetadefPropertyRemoved: metadef.MetadefPropertyRemovedSchema,
  MetadefObjectAdded: metadef.MetadefObjectAddedSchema,
  MetadefObjectChanged: metadef.MetadefObjectChangedSchema,
  MetadefObjectRemoved: metadef.MetadefObjectRemovedSchema,
  MetadefTagAdded: metadef.MetadefTagAddedSchema,
  MetadefTagRenamed: metadef.MetadefTagRenamedSchema,
  MetadefTagRemoved: metadef.MetadefTagRemovedSchema,
} as const satisfies Record<MetadefEvent['type'], DescMessage>;
