export { anImage, attemptId, otherAttemptId, someData } from './builders.js';
export { specification, specTime } from './specification.js';
