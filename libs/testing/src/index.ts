export { anImage, attemptId, otherAttemptId, someData } from './builders.js';
export { keyManagerLookAlike, type KeyManagerLookAlike } from './key-manager-look-alike.js';
export { aSigner, type Signer } from './signer.js';
export { specification, specTime } from './specification.js';
