import type { IncomingHttpHeaders } from 'node:http';
import { LinkFailure } from './link-failure.js';

/** The head of an answer, as far as a download reads it. */
export interface Answer { readonly statusCode?: number | undefined; readonly headers: IncomingHttpHeaders }

/** What the first answer says about the bytes; every later one has to agree with it. */
export interface Facts {
  readonly sizeBytes?: number;
  readonly contentType?: string;
  /** What goes into If-Range: a strong ETag, or else a Last-Modified that is old enough to tell two versions apart. */
  readonly validator?: { readonly header: 'etag' | 'last-modified'; readonly value: string };
}

const transientStatuses: readonly number[] = [408, 425, 429, 500, 502, 503, 504];
const maxRetryAfterMs = 60_000;

/** Reads an answer to a request for the whole. Fails with LinkFailure where it does not bring the whole, or not byte for byte. */
export function factsOfWhole(answer: Answer, now: Date): Facts {
  if (answer.statusCode !== 200) throw refusal(answer, now);
  throwIfEncoded(answer);
  const { 'content-length': length, 'content-type': contentType } = answer.headers;
  const validator = validatorOf(answer.headers);
  return {
    ...(length === undefined ? {} : { sizeBytes: Number(length) }),
    ...(contentType === undefined ? {} : { contentType }),
    ...(validator === undefined ? {} : { validator }),
  };
}

/** Makes sure that an answer goes on with the same bytes at exactly `offset`, and tells how many there are in all.
 *  Anything else fails for good: two versions of a file are never mixed. Source: RFC 9110, sections 13.1.5, 14.4 and 15.3.7. */
export function sizeOfRest(answer: Answer, facts: Facts, offset: number, now: Date): number {
  throwIfNoRest(answer, now);
  const { start, sizeBytes = facts.sizeBytes } = rangeOf(answer.headers['content-range']);
  if (start !== offset) throw new LinkFailure('the server sent another part of the file than the one asked for', false);
  if (sizeBytes === undefined) throw new LinkFailure('the connection broke, and the server does not say how much is left', false);
  if (isOther(sizeBytes, facts.sizeBytes) || isOtherVersion(answer.headers, facts)) throw changed();
  return sizeBytes;
}

function throwIfNoRest(answer: Answer, now: Date): void {
  if (answer.statusCode === 200) throw new LinkFailure('the connection broke, and the server can only begin anew: the file changed, or it serves no ranges', false);
  if (answer.statusCode === 416) throw new LinkFailure('the file got shorter while it was being downloaded', false);
  if (answer.statusCode !== 206) throw refusal(answer, now);
  throwIfEncoded(answer);
}

function rangeOf(header = ''): { start?: number; sizeBytes?: number } {
  const [, start, end, size] = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15}|\*)$/.exec(header) ?? [];
  if (Number(end) < Number(start)) return {};
  return { ...(start === undefined ? {} : { start: Number(start) }), ...(size === undefined || size === '*' ? {} : { sizeBytes: Number(size) }) };
}

/** Makes sure that a second request for the whole, made before any byte had come, is about the same file as the first. */
export function throwIfChanged(facts: Facts, first: Facts): void {
  if (facts.sizeBytes !== first.sizeBytes || facts.validator?.value !== first.validator?.value) throw changed();
}

const changed = (): LinkFailure => new LinkFailure('the file changed while it was being downloaded', false);
const isOther = <Value>(value: Value | undefined, expected: Value | undefined): boolean => value !== undefined && expected !== undefined && value !== expected;
const isOtherVersion = (headers: IncomingHttpHeaders, { validator }: Facts): boolean => validator !== undefined && isOther(headers[validator.header], validator.value);

function refusal({ statusCode = 0, headers }: Answer, now: Date): LinkFailure {
  const retryAfterMs = retryAfterMsOf(headers['retry-after'], now);
  return new LinkFailure(`the server answered ${statusCode}`, transientStatuses.includes(statusCode), retryAfterMs === undefined ? {} : { retryAfterMs });
}

/** Sizes, ranges and hashes are about the bytes as they are; and what unpacks while it arrives can unpack to anything. */
function throwIfEncoded({ headers }: Answer): void {
  const { 'content-encoding': contentEncoding = 'identity', 'transfer-encoding': transferEncoding = 'chunked' } = headers;
  const encoding = [contentEncoding.toLowerCase(), transferEncoding.toLowerCase()].find((name) => name !== 'identity' && name !== 'chunked');
  if (encoding !== undefined) throw new LinkFailure('the server insists on packing the file on its way', false);
}

function validatorOf(headers: IncomingHttpHeaders): Facts['validator'] {
  const { etag, date, 'last-modified': lastModified } = headers;
  if (etag !== undefined && /^"[^"]*"$/.test(etag)) return { header: 'etag', value: etag };
  // RFC 9110, 8.8.2.2: a date is a strong validator only if the file is at least a second older than the answer.
  const ageMs = Date.parse(date ?? '') - Date.parse(lastModified ?? '');
  return lastModified !== undefined && ageMs >= 1000 ? { header: 'last-modified', value: lastModified } : undefined;
}

/** Seconds or a date; never more than a minute, whatever the server asks for. */
function retryAfterMsOf(header: string | undefined, now: Date): number | undefined {
  if (header === undefined) return undefined;
  const waitMs = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - now.getTime();
  return Number.isNaN(waitMs) ? undefined : Math.min(Math.max(waitMs, 0), maxRetryAfterMs);
}
