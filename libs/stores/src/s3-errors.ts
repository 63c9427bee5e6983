import { setTimeout as delay } from 'node:timers/promises';
import { Problem, type ProblemCode } from '#libs/domain';
import { errnoOf } from './errno.js';

/**
 * What the server, or the way to it, refused. Only the code of the error is kept: texts and fields of a server's answer
 * repeat access keys, signatures and what was signed, and errors end up in logs.
 */
export class S3Failure extends Error {
  override readonly name = 'S3Failure';
  constructor(readonly code: string, readonly statusCode: number | undefined, doing: string) {
    super(`S3: could not ${doing}: ${code || `status ${statusCode}`}`);
  }
}

const full = ['QuotaExceeded', 'QuotaExceededException', 'XMinioStorageFull', 'XMinioAdminBucketQuotaExceeded', 'InsufficientStorage', 'EntityTooLarge'];
const passing = [
  'SlowDown', 'ServiceUnavailable', 'InternalError', 'RequestTimeout', 'TooManyRequests',
  'ECONNRESET', 'ECONNREFUSED', 'EPIPE', 'ETIMEDOUT', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH',
];
const unavailable = [
  'AccessDenied', 'AllAccessDisabled', 'AccountProblem', 'InvalidAccessKeyId', 'SignatureDoesNotMatch', 'ExpiredToken', 'RequestTimeTooSkewed',
  'NoSuchBucket', 'InvalidBucketName', 'PermanentRedirect', 'TemporaryRedirect', 'MovedPermanently', 'AuthorizationHeaderMalformed',
  'MethodNotAllowed', 'NotImplemented', 'OperationAborted', 'InvalidXMLError',
];
/** As Node names what went wrong on the network or with a certificate: ECONNREFUSED, CERT_HAS_EXPIRED, ERR_TLS_CERT_ALTNAME_INVALID. */
const isOfTheNetwork = (code: string): boolean => /^[A-Z][A-Z0-9_]+$/.test(code) && !/^(ABORT_ERR|ERR_(INVALID|OUT|UNKNOWN|MISSING)_)/.test(code);

/** Four tries in about one and a half seconds where the trouble may pass; what is repeated is safe to repeat. Throws `S3Failure`, and anything else unchanged. */
export async function asking<T>(doing: string, ask: () => Promise<T>, { signal, tries = 4 }: { signal?: AbortSignal; tries?: number } = {}): Promise<T> {
  for (let tried = 1; ; tried += 1) {
    try {
      return await ask();
    } catch (error) {
      const failure = failureOf(error, doing);
      if (tried >= tries || signal?.aborted || !mayPass(failure)) throw failure;
      await delay(100 * 2 ** tried * (0.5 + Math.random()), undefined, signal ? { signal } : {});
    }
  }
}

function mayPass(failure: unknown): boolean {
  if (!(failure instanceof S3Failure)) return false;
  const { code, statusCode = 0 } = failure;
  return passing.includes(code) || statusCode === 429 || (statusCode >= 500 && statusCode !== 501 && statusCode !== 507);
}

/** What the client throws for an answer, judged by name: an error of another realm is no instance of ours. */
const namesOfAnswers = ['S3Error', 'S3Answer', 'InvalidXMLError'];

function failureOf(error: unknown, doing: string): unknown {
  if (!isNamed(error) || error instanceof S3Failure) return error;
  const code = errnoOf(error) ?? '';
  const isAnswer = namesOfAnswers.includes(String(error.name));
  if (!isAnswer && !isOfTheNetwork(code)) return error;
  const statusCode = 'statusCode' in error ? Number(error.statusCode) : undefined;
  // An error inside an answer of 200, as a completion can end in, comes without its code.
  const unnamed = statusCode === undefined ? 'InternalError' : '';
  return new S3Failure(code || unnamed, statusCode, doing);
}

const isNamed = (error: unknown): error is { name: unknown } => typeof error === 'object' && error !== null && 'name' in error;

/** Says what S3 said in the words of the contract. What only a mistake of ours can cause passes as a fault. */
export async function speakingForS3<T>(params: { storeId: string; imageId: string }, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const code = error instanceof S3Failure ? problemOf(error) : undefined;
    throw code ? new Problem(code, params, { cause: error }) : error;
  }
}

const codes: Readonly<Record<string, ProblemCode>> = {
  NoSuchKey: 'ImageDataNotFound', NotFound: 'ImageDataNotFound', NoSuchUpload: 'AttemptOver',
  ...Object.fromEntries(full.map((code) => [code, 'StoreFull' as const])),
  ...Object.fromEntries([...unavailable, ...passing].map((code) => [code, 'StoreUnavailable' as const])),
};

function problemOf({ code, statusCode = 0 }: S3Failure): ProblemCode | undefined {
  if (codes[code]) return codes[code];
  if (statusCode === 507) return 'StoreFull';
  return statusCode >= 500 || isOfTheNetwork(code) ? 'StoreUnavailable' : undefined;
}

/** Whether S3 said one of these codes. */
export const saysS3 = (error: unknown, ...given: string[]): boolean => error instanceof S3Failure && given.includes(error.code);
