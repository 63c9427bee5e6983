import { defineEntity, p } from '@mikro-orm/core';
import type { Attempt } from '#libs/domain';

/** The tables as MikroORM knows them; `entities.int-spec.ts` holds them to what the migrations build. Names are relative to the search path. */
export const ImageEntity = defineEntity({
  name: 'Image', tableName: 'images',
  properties: {
    id: p.uuid().primary(),
    name: p.text().nullable(),
    owner: p.text().nullable(),
    isProtected: p.boolean(),
    isHidden: p.boolean(),
    containerFormat: p.text().nullable(),
    diskFormat: p.text().nullable(),
    minDisk: p.bigint('number'),
    minRam: p.bigint('number'),
    status: p.text(),
    visibility: p.text(),
    tags: p.array(),
    properties: p.json<Record<string, string>>(),
    sizeBytes: p.bigint('number').nullable(),
    virtualSizeBytes: p.bigint('number').nullable(),
    checksum: p.text().nullable(),
    osHashAlgo: p.text().nullable(),
    osHashValue: p.text().nullable(),
    attempts: p.json<Attempt[]>(),
    staged: p.json<object>().nullable(),
    importing: p.json<object>().nullable(),
    lastImportFailedStores: p.array().nullable(),
    arriving: p.json<object>().nullable(),
    createdAt: p.datetime(3),
    updatedAt: p.datetime(3),
    version: p.bigint('number'),
    sequence: p.bigint('number'),
  },
});

export const MemberEntity = defineEntity({
  name: 'ImageMember', tableName: 'image_members',
  properties: {
    imageId: p.uuid().primary(),
    memberId: p.text().primary(),
    ordinal: p.integer(),
    status: p.text(),
    createdAt: p.datetime(3),
    updatedAt: p.datetime(3),
    imageCreatedAt: p.datetime(3),
  },
});

export const AttemptEntity = defineEntity({
  name: 'DataAttempt', tableName: 'data_attempts',
  properties: {
    imageId: p.uuid().primary(),
    attemptId: p.uuid().primary(),
    storeId: p.text(),
    state: p.text(),
    since: p.datetime(3),
    isResumable: p.boolean().nullable(),
  },
});

export const DeletedImageEntity = defineEntity({
  name: 'DeletedImage', tableName: 'deleted_images',
  properties: {
    imageId: p.uuid().primary(), owner: p.text().nullable(), createdAt: p.datetime(3), deletedAt: p.datetime(3), keptUntil: p.datetime(3).nullable(),
    version: p.bigint('number'), sequence: p.bigint('number'), image: p.json<object>(),
  },
});

export const ParkedEntity = defineEntity({
  name: 'ParkedImage', tableName: 'parked_images',
  properties: { imageId: p.uuid().primary(), sequence: p.bigint('number'), reason: p.text() },
});

export const NamespaceEntity = defineEntity({
  name: 'MetadefNamespace', tableName: 'metadef_namespaces',
  properties: {
    name: p.text().primary(),
    displayName: p.text().nullable(),
    description: p.text().nullable(),
    visibility: p.text(),
    isProtected: p.boolean(),
    owner: p.text(),
    resourceTypeNames: p.array(),
    resourceTypes: p.json<object[]>(),
    properties: p.json<object[]>(),
    objects: p.json<object[]>(),
    tags: p.json<object[]>(),
    createdAt: p.datetime(3),
    updatedAt: p.datetime(3),
    version: p.bigint('number'),
    sequence: p.bigint('number'),
    renaming: p.json<object>().nullable(),
    movedBy: p.json<object>().nullable(),
  },
});

export const ResourceTypeEntity = defineEntity({
  name: 'MetadefResourceType', tableName: 'metadef_resource_types',
  properties: { name: p.text().primary(), sequence: p.bigint('number'), createdAt: p.datetime(3) },
});

export const ParkedNamespaceEntity = defineEntity({
  name: 'ParkedNamespace', tableName: 'parked_namespaces',
  properties: { token: p.text().primary(), sequence: p.bigint('number'), reason: p.text() },
});

export const ReplicationEntity = defineEntity({
  name: 'Replication', tableName: 'replications',
  properties: {
    id: p.uuid().primary(), kind: p.text(), policyId: p.uuid(), status: p.text(), state: p.json<object>(), createdAt: p.datetime(3), version: p.bigint('number'), sequence: p.bigint('number'),
  },
});

export const ParkedReplicationEntity = defineEntity({
  name: 'ParkedReplication', tableName: 'parked_replications',
  properties: { replicationId: p.text().primary(), sequence: p.bigint('number'), reason: p.text() },
});

export const ImportEntity = defineEntity({
  name: 'Import', tableName: 'imports',
  properties: {
    importId: p.uuid().primary(),
    imageId: p.uuid(),
    taskType: p.text(),
    owner: p.text().nullable(),
    status: p.text(),
    createdAt: p.datetime(3),
    updatedAt: p.datetime(3),
    endedAt: p.datetime(3).nullable(),
    action: p.text().nullable(),
    asked: p.json<object>().nullable(),
    message: p.text().nullable(),
  },
});

export const ProjectUsageEntity = defineEntity({
  name: 'ProjectUsage', tableName: 'project_usage',
  properties: {
    project: p.text().primary(), images: p.bigint('number'), sizeBytes: p.bigint('number'), stageBytes: p.bigint('number'), uploads: p.bigint('number'),
  },
});

export const ImageEventEntity = defineEntity({
  name: 'ImageEvent', tableName: 'image_events',
  properties: {
    sequence: p.bigint('number').primary(), ordinal: p.integer().primary(), audience: p.text().primary(), receiver: p.text(), imageId: p.uuid(), type: p.text(),
    actor: p.text().nullable(), moment: p.datetime(3), event: p.json<object>().columnType('json'),
  },
});

export const FeedPositionEntity = defineEntity({
  name: 'FeedPosition', tableName: 'feed_position',
  properties: { id: p.smallint().primary(), sequence: p.bigint('number'), logCreatedAt: p.text(), moment: p.datetime(3) },
});

export const PositionEntity = defineEntity({
  name: 'Position', tableName: 'position',
  properties: { id: p.smallint().primary(), sequence: p.bigint('number'), logCreatedAt: p.text() },
});

export const LogPositionEntity = defineEntity({
  name: 'LogPosition', tableName: 'log_position', schema: 'guard',
  properties: { id: p.smallint().primary(), logCreatedAt: p.text(), sequence: p.bigint('number'), hash: p.text() },
});

export const LogTailEntity = defineEntity({
  name: 'LogTail', tableName: 'log_tail', schema: 'guard',
  properties: { sequence: p.bigint('number').primary(), subject: p.text(), bytes: p.blob() },
});

export const PersonKeyEntity = defineEntity({
  name: 'PersonKey', tableName: 'person_keys', schema: 'guard',
  properties: { userId: p.text().primary(), key: p.blob(), createdAt: p.datetime(3) },
});

export const FollowerEntity = defineEntity({
  name: 'Follower', tableName: 'followers', schema: 'guard',
  properties: { name: p.text().primary(), logCreatedAt: p.text(), sequence: p.bigint('number') },
});

export const LimitedProjectEntity = defineEntity({
  name: 'LimitedProject', tableName: 'limited_projects', schema: 'guard',
  properties: { project: p.text().primary() },
});

export const ReservationEntity = defineEntity({
  name: 'Reservation', tableName: 'reservations', schema: 'guard',
  properties: {
    holder: p.text().primary(), project: p.text(), imageId: p.uuid(), images: p.bigint('number'), sizeBytes: p.bigint('number'), stageBytes: p.bigint('number'),
    uploads: p.bigint('number'), crosses: p.boolean(), touchedAt: p.datetime(3),
  },
});

export const entities = [
  ImageEntity, ImportEntity, MemberEntity, AttemptEntity, DeletedImageEntity, ParkedEntity, NamespaceEntity, ResourceTypeEntity, ParkedNamespaceEntity, ProjectUsageEntity, ImageEventEntity, FeedPositionEntity, PositionEntity, LogPositionEntity, LogTailEntity, PersonKeyEntity,
  FollowerEntity, LimitedProjectEntity, ReservationEntity, ReplicationEntity, ParkedReplicationEntity,
];
