import { storedAttempts } from './image.attempts.js';
import type { Attempt, EventData, Image } from './image.js';

/** One more place where the data lies; the image gains what is known of the data where it had none. */
export function withLocation(image: Image, { attemptId, storeId, uri, metadata, position, ...facts }: EventData<'ImageLocationAdded'>): Image {
  const { sizeBytes, ...known } = facts;
  const attempt: Attempt = { attemptId, storeId, state: 'stored', uri, metadata };
  return { ...image, attempts: insertedAt(image.attempts, position, attempt), data: sizeBytes === undefined ? image.data : { sizeBytes, ...known } };
}

/** Positions count the places where the data lies; transfers that are under way or over have none. */
function insertedAt(attempts: readonly Attempt[], position: number | undefined, attempt: Attempt): Attempt[] {
  const before = position === undefined ? undefined : storedAttempts({ attempts })[position];
  return before ? attempts.flatMap((each) => (each === before ? [attempt, each] : [each])) : [...attempts, attempt];
}

/** The same places in another order, or with other metadata. */
export function withLocationsArranged(image: Image, { locations }: EventData<'ImageLocationsArranged'>): Image {
  const places = new Map(locations.map(({ attemptId, metadata }, at) => [attemptId, { metadata, at }]));
  const arranged = image.attempts.filter(({ attemptId }) => places.has(attemptId))
    .toSorted((one, other) => (places.get(one.attemptId)?.at ?? 0) - (places.get(other.attemptId)?.at ?? 0))
    .map((attempt): Attempt => ({ ...attempt, metadata: places.get(attempt.attemptId)?.metadata ?? {} }));
  return { ...image, attempts: [...image.attempts.filter(({ attemptId }) => !places.has(attemptId)), ...arranged] };
}
