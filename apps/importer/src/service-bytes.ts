import { get, type IncomingMessage } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { isProblemCode, Problem, type ProblemParams } from '#libs/domain';
import { traceHeaders } from '#libs/platform';

export interface ServiceBytesOptions {
  /** Where they are, with a capability that was just signed: asked for anew for each connection. */
  url(): string;
  /** Who gives them, at the head of a sentence. */
  readonly what: string;
  /** Ends everything at once with the signal's reason: it is what bounds the time in which nothing comes. */
  readonly signal: AbortSignal;
  /** How often nobody may answer before the first byte. */
  readonly mostFailures?: number;
}

export interface ServiceBytes {
  readonly sizeBytes: number;
  readonly bytes: AsyncIterable<Uint8Array>;
  close(): void;
}

const mostFailures = 60;
const pauseMs = 500;
const mostOfAProblem = 64 * 1024;

/**
 * Bytes that another service of ours holds, over HTTP. A connection that breaks, or a service that restarts, is waited for, and the bytes go on
 * where they stopped: behind one capability they never change. Refuses what the service refuses, and Unavailable where it does not come back.
 * No error tells the URL, which holds the capability.
 */
export async function openServiceBytes(options: ServiceBytesOptions): Promise<ServiceBytes> {
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, stop.signal]);
  const first = await connected(options, signal, 0, options.mostFailures);
  const sizeBytes = Number(first.headers['content-length'] ?? NaN);
  if (!Number.isSafeInteger(sizeBytes)) throw new Error(`${options.what} does not say how many bytes it gives`);
  return { sizeBytes, bytes: resuming(first, sizeBytes, options, signal), close: () => { stop.abort(new Error('the bytes are not wanted any more')); } };
}

/**
 * The same where one of several has them. All are asked in turn, and again while one that may have them does not answer.
 * Refuses: ImageDataNotFound where none has them, and Unavailable where that cannot be known.
 */
export async function openFirst(places: readonly ServiceBytesOptions[]): Promise<ServiceBytes> {
  let [left, refusal]: [readonly ServiceBytesOptions[], unknown] = [places, undefined];
  for (let rounds = 0; ; rounds += 1) {
    const away: ServiceBytesOptions[] = [];
    for (const place of left) {
      try {
        return await openServiceBytes({ ...place, mostFailures: 0 });
      } catch (error) {
        refusal = error;
        if (isOutage(error)) away.push(place);
        else if (!(error instanceof Problem && error.code === 'ImageDataNotFound')) throw error;
      }
    }
    const [first] = away;
    if (!first || rounds === mostFailures) throw refusal;
    left = away;
    await pause(pauseMs, undefined, { signal: first.signal });
  }
}

/** JSON that another service of ours gives; waited for as bytes are. Refuses what the service refuses, and Unavailable. */
export async function askService<Answer>(options: ServiceBytesOptions): Promise<Answer> {
  const response = await connected(options, options.signal, 0);
  const chunks: Buffer[] = [];
  for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
  return JSON.parse(Buffer.concat(chunks).toString('utf8')) as Answer;
}

async function* resuming(first: IncomingMessage, sizeBytes: number, options: ServiceBytesOptions, signal: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
  let response = first;
  for (let received = 0; ;) {
    try {
      for await (const chunk of response as AsyncIterable<Buffer>) {
        received += chunk.byteLength;
        yield chunk;
      }
    } catch {
      signal.throwIfAborted();
    }
    if (received >= sizeBytes) return;
    await pause(pauseMs, undefined, { signal });
    response = await connected(options, signal, received);
  }
}

/** Tries again while nobody answers, for as long as the signal allows and half a minute at most. */
async function connected({ url, what }: ServiceBytesOptions, signal: AbortSignal, offset: number, failuresAllowed = mostFailures): Promise<IncomingMessage> {
  for (let failures = 0; ; failures += 1) {
    signal.throwIfAborted();
    try {
      return await answered(await request(url(), offset, signal), offset, what);
    } catch (error) {
      signal.throwIfAborted();
      if (!isOutage(error) || failures >= failuresAllowed) throw isOutage(error) ? unavailable(what, error) : error;
    }
    await pause(pauseMs, undefined, { signal });
  }
}

const request = (url: string, offset: number, signal: AbortSignal): Promise<IncomingMessage> => new Promise((resolve, reject) => {
  get(url, { signal, headers: { ...traceHeaders(), ...(offset > 0 ? { range: `bytes=${offset}-` } : {}) } }, resolve).on('error', reject);
});

async function answered(response: IncomingMessage, offset: number, what: string): Promise<IncomingMessage> {
  const expected = offset > 0 ? 206 : 200;
  if (response.statusCode === expected) return response;
  const problem = await problemIn(response);
  response.destroy();
  throw problem ?? new Error(`${what} answered with ${response.statusCode} where ${expected} was due`);
}

async function problemIn(response: IncomingMessage): Promise<Problem | undefined> {
  let text = '';
  for await (const chunk of response as AsyncIterable<Buffer>) {
    text += chunk.toString('utf8');
    if (text.length > mostOfAProblem) return undefined;
  }
  try {
    const { code, params } = (JSON.parse(text) as { problem: { code: string; params: ProblemParams } }).problem;
    return isProblemCode(code) ? new Problem(code, params) : undefined;
  } catch {
    return undefined;
  }
}

/** What Node says about a connection has a code and no status; an answer, even a wrong one, is none. */
function isOutage(error: unknown): boolean {
  if (error instanceof Problem) return error.code === 'Unavailable';
  return typeof (error as { code?: unknown }).code === 'string';
}

const unavailable = (what: string, cause: unknown): Problem => cause instanceof Problem ? cause : new Problem('Unavailable', { what, seconds: 5 });
