import type { IncomingMessage } from 'node:http';
import { Problem } from '#libs/domain';
import { factsOfWhole, sizeOfRest, type Facts } from './answer.js';
import { LinkFailure, linkFailureOf } from './link-failure.js';
import type { Reach } from './pinned-connection.js';
import { getFollowing, withoutSecrets } from './redirects.js';

/** Bytes behind a URI, from `start` on. */
export interface Part {
  /** Of all that lies there, whatever part is read. */
  readonly sizeBytes: number;
  /** To be read once. Fails with DownloadFailed; the caller stops when he has what he wants. */
  readonly bytes: AsyncIterable<Uint8Array>;
  close(): void;
}

export interface PartOptions extends Reach {
  /** How long a host may take to answer, and how long the link may be silent while we wait for bytes. */
  readonly timeoutMs: number;
}

const resumes = 3;

/**
 * Opens the bytes behind a URI that is to be read again and again, from any byte on. A connection that breaks is opened again where it broke, as
 * long as the server lets the version be known by an ETag or a date. Refuses: UriNotAllowed; RangeNotSatisfiable; DownloadFailed, with the
 * server's answer as `status` where it gave one, also where the server does not say how many bytes there are.
 */
export async function openPart(uri: string, start: number, options: PartOptions): Promise<Part> {
  const { href } = options.filter.check(uri);
  const end = new AbortController();
  const close = (): void => { end.abort(new Error('The reader was closed.')); };
  try {
    const opened = await ask(href, start, undefined, options, end.signal);
    return { sizeBytes: opened.facts.sizeBytes, bytes: bytesFrom(opened, { href, start, options, signal: end.signal }), close };
  } catch (error) {
    close();
    throw problemOf(error, href);
  }
}

interface Opened { readonly response: IncomingMessage; readonly facts: Facts & { readonly sizeBytes: number }; readonly skipBytes: number }

async function ask(href: string, offset: number, known: Opened['facts'] | undefined, options: PartOptions, signal: AbortSignal): Promise<Opened> {
  const range = offset === 0 ? {} : { range: `bytes=${offset}-`, ...(known?.validator ? { 'if-range': known.validator.value } : {}) };
  const { response } = await getFollowing(href, options, {
    signal, answerTimeoutMs: options.timeoutMs, maxRedirects: 5, headersOfOrigin: { origin: '', headers: {} },
    headers: { 'user-agent': 'heliograph', accept: '*/*', 'accept-encoding': 'identity', ...range },
  });
  try {
    refuseStatus(response, href, offset);
    return response.statusCode === 206 ? goingOn(response, offset, known) : fromTheStart(response, offset, known);
  } catch (error) {
    response.destroy();
    throw error;
  }
}

function refuseStatus({ statusCode = 0, headers }: IncomingMessage, href: string, offset: number): void {
  const size = /^bytes \*\/(\d{1,15})$/.exec(headers['content-range'] ?? '')?.[1];
  if (statusCode === 416) throw new Problem('RangeNotSatisfiable', { range: `${offset}-`, sizeBytes: Number(size ?? 0) });
  if (statusCode !== 200 && statusCode !== 206) throw new Problem('DownloadFailed', { uri: withoutSecrets(href), reason: `the server answered ${statusCode}`, status: statusCode });
}

function goingOn(response: IncomingMessage, offset: number, known: Opened['facts'] | undefined): Opened {
  const sizeBytes = sizeOfRest(response, known ?? {}, offset, new Date());
  const facts = known ?? factsOf(response, sizeBytes);
  return { response, facts: { ...facts, sizeBytes }, skipBytes: 0 };
}

/** A server that knows no ranges sends everything; what lies before the part is read and thrown away. */
function fromTheStart(response: IncomingMessage, offset: number, known: Opened['facts'] | undefined): Opened {
  if (known) throw new LinkFailure('the connection broke, and the server can only begin anew', false);
  const facts = factsOfWhole(response, new Date());
  if (facts.sizeBytes === undefined) throw new LinkFailure('the server does not say how many bytes there are', false);
  return { response, facts: { ...facts, sizeBytes: facts.sizeBytes }, skipBytes: offset };
}

/** A part has the same ETag and date as the whole. */
const factsOf = (response: IncomingMessage, sizeBytes: number): Opened['facts'] => {
  const { 'content-length': _, ...headers } = response.headers;
  return { ...factsOfWhole({ statusCode: 200, headers }, new Date()), sizeBytes };
};

interface Reading { readonly href: string; readonly start: number; readonly options: PartOptions; readonly signal: AbortSignal }

async function* bytesFrom(first: Opened, { href, start, options, signal }: Reading): AsyncGenerator<Uint8Array, void, undefined> {
  const { facts } = first;
  let position = start;
  let opened: Opened | undefined = first;
  for (let resumesLeft = resumes; position < facts.sizeBytes;) {
    try {
      opened ??= await ask(href, position, facts, options, signal);
      for await (const chunk of chunksOf(opened, options.timeoutMs)) {
        resumesLeft = resumes;
        position += chunk.byteLength;
        yield chunk;
      }
      if (position < facts.sizeBytes) throw new LinkFailure('the connection broke', true);
    } catch (error) {
      opened = undefined;
      if (signal.aborted || resumesLeft === 0 || !mayGoOn(error, facts)) throw problemOf(linkFailureOf(error), href);
      resumesLeft -= 1;
    }
  }
}

function mayGoOn(error: unknown, { validator }: Facts): boolean {
  const failure = linkFailureOf(error);
  return failure instanceof LinkFailure && failure.isTransient && validator !== undefined;
}

async function* chunksOf({ response, skipBytes }: Opened, timeoutMs: number): AsyncGenerator<Uint8Array, void, undefined> {
  let toSkip = skipBytes;
  const chunks = response[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
  for (;;) {
    const timer = setTimeout(() => { response.destroy(new LinkFailure(`nothing arrived for ${timeoutMs / 1000} seconds`, true)); }, timeoutMs);
    const next = await chunks.next().finally(() => { clearTimeout(timer); });
    if (next.done === true) return;
    const wanted = next.value.subarray(Math.min(toSkip, next.value.byteLength));
    toSkip -= next.value.byteLength - wanted.byteLength;
    if (wanted.byteLength > 0) yield wanted;
  }
}

const problemOf = (error: unknown, href: string): unknown =>
  (error instanceof LinkFailure ? new Problem('DownloadFailed', { uri: withoutSecrets(href), reason: error.reason }, { cause: error }) : error);
