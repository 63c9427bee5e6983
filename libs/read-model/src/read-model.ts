import type { Member } from '#libs/domain';
import { openDatabase, type DatabaseOptions } from './database.js';
import { imageById, members, type ImageRecord } from './image-by-id.js';
import { projectionWriter, type ProjectionWriter } from './projection-writer.js';
import type { AtLeast } from './reads.js';

/**
 * The catalogue as PostgreSQL holds it: written by the one projector, read by every gateway.
 * Every read may name a position that it must not stay below (`atLeast`); it then waits up to two seconds for it.
 * Where PostgreSQL or that position cannot be reached, every method throws `Problem('Unavailable')`.
 */
export interface ReadModel extends ProjectionWriter {
  imageById(imageId: string, options?: AtLeast): Promise<ImageRecord | undefined>;
  members(imageId: string, options?: AtLeast): Promise<readonly Member[] | undefined>;
  close(): Promise<void>;
}

/** Opens a pool; the tables must have been built by `migrate`. PostgreSQL may still be down: then the first read says so. */
export async function openReadModel(options: DatabaseOptions): Promise<ReadModel> {
  const database = await openDatabase(options);
  const { pool } = database;
  return {
    ...projectionWriter(database),
    imageById: (imageId, at = {}) => imageById(pool, imageId, at),
    members: (imageId, at = {}) => members(pool, imageId, at),
    close: () => database.orm.close(true),
  };
}
