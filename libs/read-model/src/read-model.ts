import { actionById, listActions, openActions, type ActionListQuery, type ImageAction } from './action-list.js';
import type { PersonKeys } from '#libs/contracts';
import { compareSchemas, type Difference } from './compare-schemas.js';
import { dataWork, type DataWork } from './data-work.js';
import { openDatabase, type DatabaseOptions } from './database.js';
import { feedWriter, type FeedWriter } from './feed.js';
import { listEvents, type FeedPage, type FeedQuery } from './feed-list.js';
import { followers, type Followers } from './followers.js';
import { guardBackup, type GuardBackup } from './guard-backup.js';
import { logGuardRecord, type LogGuardRecord } from './guard.js';
import { imagesById, type ImagesById } from './image-by-id.js';
import { importById, importsUnderWay, listImports, type ImportHead, type ImportListQuery, type ImportsUnderWay } from './import-list.js';
import { listImages, type ImagePage } from './image-list.js';
import type { ImageListQuery, Viewer } from './image-list.query.js';
import {
  listNamespaces, namespaceByName, renamingNamespaces, resourceTypes, type NamespaceListQuery, type NamespaceRecord, type ResourceType,
} from './metadef-list.js';
import type { NamespaceHead } from './metadef.row.js';
import { pastImages, type PastImages } from './past-images.js';
import { tryBecomeProjector, type Ownership } from './ownership.js';
import { postgresPersonKeys } from './person-keys.js';
import { replicationReads, type ReplicationReads } from './replication-list.js';
import { reservations, type Reservations } from './reservations.js';
import { projectionWriter, type ProjectionWriter } from './projection-writer.js';
import type { AtLeast } from './reads.js';
import { toldImages } from './told-images.js';
import { webhooks, type Webhooks } from './webhooks.js';

/**
 * The catalogue as PostgreSQL holds it: written by the one projector, read by every gateway.
 * Every read may name a position that it must not stay below (`atLeast`); it then waits up to two seconds for it.
 * Where PostgreSQL or that position cannot be reached, every method throws `Problem('Unavailable')`.
 */
export interface ReadModel extends ProjectionWriter, LogGuardRecord, DataWork, Reservations, Followers, Webhooks, FeedWriter, ReplicationReads, PastImages, GuardBackup, ImagesById {
  listImages(query: ImageListQuery, viewer: Viewer, options?: AtLeast): Promise<ImagePage>;
  /** An import by its id, the one that the lock names. */
  importById(importId: string, options?: AtLeast): Promise<ImportHead | undefined>;
  /** Undefined where the marker is no import. */
  listImports(query: ImportListQuery, options?: AtLeast): Promise<readonly ImportHead[] | undefined>;
  /** What happened, as the projects that may know it are told. */
  listEvents(query: FeedQuery, options?: AtLeast): Promise<FeedPage>;
  /** An action by its id, with what was asked. */
  actionById(actionId: string, options?: AtLeast): Promise<ImageAction | undefined>;
  /** Undefined where the marker is none of them. */
  listActions(query: ActionListQuery, options?: AtLeast): Promise<readonly ImageAction[] | undefined>;
  /** How many actions of a project are under way. */
  openActions(owner: string): Promise<number>;
  /** The imports that have not ended. */
  importsUnderWay(): Promise<ImportsUnderWay>;
  namespaceByName(name: string, options?: AtLeast): Promise<NamespaceRecord | undefined>;
  listNamespaces(query: NamespaceListQuery, viewer: Viewer, options?: AtLeast): Promise<readonly NamespaceHead[]>;
  resourceTypes(options?: AtLeast): Promise<readonly ResourceType[]>;
  /** Names of namespaces whose rename began and is not known to be over: somebody must finish it. */
  renamingNamespaces(limit: number): Promise<readonly string[]>;
  /** Undefined where another process is the projector. `onLost` is called once when the right is lost with its connection. */
  tryBecomeProjector(onLost: (reason: Error) => void): Promise<Ownership | undefined>;
  /** How a catalogue in another schema differs from the live one; empty where they are equal. */
  compareWith(schema: string): Promise<Difference[]>;
  readonly personKeys: PersonKeys;
  close(): Promise<void>;
}

/** Opens a pool, also while PostgreSQL is down; the tables must have been built by `migrate`. */
export async function openReadModel(options: DatabaseOptions): Promise<ReadModel> {
  const database = await openDatabase(options);
  const { pool } = database;
  const told = toldImages();
  return {
    ...projectionWriter(database, { guarded: true }),
    ...logGuardRecord(database),
    ...dataWork(database),
    ...followers(pool),
    ...webhooks(pool),
    ...feedWriter(pool),
    ...reservations(pool),
    ...replicationReads(pool),
    ...pastImages(pool),
    ...guardBackup(pool),
    ...imagesById(pool),
    listImages: (query, viewer, at = {}) => listImages(pool, query, viewer, at, told),
    importById: (importId, at = {}) => importById(pool, importId, at),
    listImports: (query, at = {}) => listImports(pool, query, at),
    listEvents: (query, at = {}) => listEvents(pool, query, at),
    actionById: (actionId, at = {}) => actionById(pool, actionId, at),
    listActions: (query, at = {}) => listActions(pool, query, at),
    openActions: (owner) => openActions(pool, owner),
    importsUnderWay: () => importsUnderWay(pool),
    namespaceByName: (name, at = {}) => namespaceByName(pool, name, at),
    listNamespaces: (query, viewer, at = {}) => listNamespaces(pool, query, viewer, at),
    resourceTypes: (at = {}) => resourceTypes(pool, at),
    renamingNamespaces: (limit) => renamingNamespaces(pool, limit),
    tryBecomeProjector: (onLost) => tryBecomeProjector(options.url, onLost),
    compareWith: (schema) => compareSchemas(pool, schema, database.schema),
    personKeys: postgresPersonKeys(pool),
    close: () => database.orm.close(true),
  };
}
