export { migrate, type DatabaseOptions } from './database.js';
export type { ImageRecord } from './image-by-id.js';
export type { ParkedRow } from './image.row.js';
export { logTailLength, PositionMoved, type BatchPlace, type LogMessage, type ProjectionWriter, type ReadPosition } from './projection-writer.js';
export { openReadModel, type ReadModel } from './read-model.js';
export type { AtLeast } from './reads.js';
