import type { Attempt, Image } from './image.js';

type WithAttempts = Pick<Image, 'attempts'>;

/** The copies of an image's data, in the order that clients see. */
export const storedAttempts = ({ attempts }: WithAttempts): Attempt[] => attempts.filter(isStored);
export const isStored = ({ state }: Pick<Attempt, 'state'>): boolean => state === 'stored';

/** The attempt of this id, where bytes may still come by it. */
export const openAttempt = (image: WithAttempts, attemptId: string): Attempt | undefined => attemptIn(image, attemptId, 'open');

export const attemptIn = ({ attempts }: WithAttempts, attemptId: string, state: Attempt['state']): Attempt | undefined =>
  attempts.find((attempt) => attempt.attemptId === attemptId && attempt.state === state);
