export { barbican, type BarbicanOptions, type KeyManager } from './key-manager.js';
export { pemOf, signatureCheck, type SignatureCheck, type Trust } from './signature-check.js';
export { isSigned, notVerified, signatureClaim, type SignatureClaim, type SignatureHash } from './signature-claim.js';
