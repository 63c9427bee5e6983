import type { IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { Problem } from '#libs/domain';
import { factsOfWhole, sizeOfRest, throwIfChanged, type Facts } from './answer.js';
import type { DownloadOptions } from './download-options.js';
import { LinkFailure, linkFailureOf } from './link-failure.js';
import { getFollowing } from './redirects.js';

const rowBytes = 1024 * 1024;
const firstPauseMs = 500;
const maxPauseMs = 30_000;

export type Link = ReturnType<typeof resumableLink>;

/** One download over as many connections as it takes. */
export function resumableLink(uri: string, options: DownloadOptions, signal: AbortSignal) {
  const { clock = () => new Date(), expectedSizeBytes, limitBytes, idleTimeoutMs = 30_000 } = options;
  const { retries = 5, pause = (waitMs, stop) => sleep(waitMs, undefined, { signal: stop }) } = options;
  const { origin } = new URL(uri);
  const hop = {
    signal, answerTimeoutMs: options.answerTimeoutMs ?? 30_000, maxRedirects: options.maxRedirects ?? 5,
    headersOfOrigin: { origin, headers: options.headers ?? {} }, ...(options.onHop ? { onHop: options.onHop } : {}),
  };
  let facts: Facts | undefined;
  let answeredBy = uri;
  let receivedBytes = options.startAt ?? 0;
  let attempt = 0;
  let attemptBytes = 0;
  /** In a row. */
  let failures = 0;
  let lastFailure: LinkFailure | undefined;

  /** A mirror that a redirect chose is asked again itself, because another one may have another ETag for the same file; unless it fails, too. */
  async function get(headers: Readonly<Record<string, string>>): Promise<IncomingMessage> {
    const ask = (from: string) => getFollowing(from, options, { ...hop, headers: { ...ownHeaders, ...headers } });
    attempt += 1;
    attemptBytes = 0;
    const from = failures > 1 ? uri : answeredBy;
    let answer = await ask(from);
    if (from !== uri && isGone(answer.response)) {
      answer.response.destroy();
      answer = await ask(uri);
    }
    answeredBy = answer.uri;
    return unlessThrows(answer.response, () => {
      const refusal = options.refusalOf?.(answer.response);
      if (refusal) throw refusal;
    });
  }

  async function getWhole(): Promise<IncomingMessage> {
    const response = await get({});
    return unlessThrows(response, () => {
      const found = factsOfWhole(response, clock());
      if (facts) throwIfChanged(found, facts);
      if (found.sizeBytes !== undefined) judgeSize(found.sizeBytes);
      facts = found;
    });
  }

  async function getRest(known: Facts): Promise<IncomingMessage> {
    const { validator } = known;
    if (!validator && !options.isImmutable) throw new LinkFailure(`${lastFailure?.reason ?? 'the connection broke'}, and the server gives no ETag by which to know the rest`, false);
    const response = await get({ range: `bytes=${receivedBytes}-`, ...(validator ? { 'if-range': validator.value } : {}) });
    return unlessThrows(response, () => {
      const sizeBytes = sizeOfRest(response, known, receivedBytes, clock());
      judgeSize(sizeBytes);
      facts = { ...known, sizeBytes };
    });
  }

  function judgeSize(sizeBytes: number): void {
    if (sizeBytes > limitBytes) throw new Problem('ImageTooLarge', { limitBytes });
    if (expectedSizeBytes !== undefined && sizeBytes !== expectedSizeBytes) throw unexpectedSize(sizeBytes, expectedSizeBytes);
  }

  async function retried(ask: () => Promise<IncomingMessage>): Promise<IncomingMessage> {
    for (;;) {
      try {
        return await ask();
      } catch (error) {
        await forgive(error);
      }
    }
  }

  /** Waits before another try, or throws what is not to be forgiven. */
  async function forgive(error: unknown): Promise<undefined> {
    signal.throwIfAborted();
    const failure = linkFailureOf(error);
    if (!(failure instanceof LinkFailure) || !failure.isTransient || failures >= retries) throw failure;
    failures += 1;
    lastFailure = failure;
    await pause(Math.max(failure.retryAfterMs ?? 0, backOffMs(failures)), signal);
    return undefined;
  }

  /** Counts a chunk, and refuses what is too much before anybody keeps it. */
  function take({ byteLength }: Uint8Array): void {
    receivedBytes += byteLength;
    attemptBytes += byteLength;
    if (receivedBytes > limitBytes) throw new Problem('ImageTooLarge', { limitBytes });
    if (receivedBytes > (sizeInAll() ?? Infinity)) throw new LinkFailure('the server sent more bytes than there should be', false);
    if (attemptBytes >= rowBytes) failures = 0;
    options.onReceived?.({ attempt, attemptBytes, receivedBytes });
  }

  const sizeInAll = (): number | undefined => facts?.sizeBytes ?? expectedSizeBytes;

  return {
    begin: async () => ({ response: await retried(() => (receivedBytes === 0 ? getWhole() : getRest({}))), facts: { ...facts } }),

    /** What one connection brings. Returns at its end, whether all has come or not; whoever stops before that ends the signal, too. */
    async *read(response: IncomingMessage): AsyncGenerator<Uint8Array, void, undefined> {
      const nextChunk = chunksOf(response, idleTimeoutMs);
      for (;;) {
        const next = await nextChunk().catch(forgive);
        if (!next) return;
        if (next.done === true) break;
        take(next.value);
        yield next.value;
      }
      if (receivedBytes === sizeInAll()) return;
      if (facts?.sizeBytes === undefined) return endOfUnknownSize();
      // An honest server that sends a file part by part needs no pause between them; one that sends next to nothing does.
      if (attemptBytes < rowBytes) await forgive(new LinkFailure('the server sent less than it announced', true));
    },

    /** The connection that brings the rest, or undefined where all is there. */
    async resume(): Promise<IncomingMessage | undefined> {
      const known = facts ?? {};
      if (receivedBytes === sizeInAll()) return undefined;
      return retried(() => (receivedBytes === 0 ? getWhole() : getRest(known)));
    },
  };

  /** Where nobody announced a size, the end of the answer is the end of the file. */
  function endOfUnknownSize(): void {
    if (expectedSizeBytes !== undefined) throw unexpectedSize(receivedBytes, expectedSizeBytes);
    facts = { ...facts, sizeBytes: receivedBytes };
  }
}

const ownHeaders = { 'user-agent': 'heliograph', accept: '*/*', 'accept-encoding': 'identity' } as const;
const isGone = ({ statusCode = 0 }: IncomingMessage): boolean => [401, 403, 404, 410].includes(statusCode);
const unexpectedSize = (sizeBytes: number, expectedBytes: number): LinkFailure => new LinkFailure(`the server has ${sizeBytes} bytes where ${expectedBytes} were expected`, false);

/** Twice as long after each failure, and not the same for all who wait for one server. */
const backOffMs = (failures: number): number => Math.min(firstPauseMs * 2 ** (failures - 1), maxPauseMs) * (0.5 + Math.random() / 2);

function unlessThrows(response: IncomingMessage, judge: () => void): IncomingMessage {
  try {
    judge();
    return response;
  } catch (error) {
    response.destroy();
    throw error;
  }
}

/** Asks for one chunk after another, and gives the link up when it stays silent while somebody waits. */
function chunksOf(response: IncomingMessage, idleTimeoutMs: number): () => Promise<IteratorResult<Uint8Array>> {
  const chunks = response[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
  return async () => {
    const timer = setTimeout(() => { response.destroy(new LinkFailure(`nothing arrived for ${idleTimeoutMs / 1000} seconds`, true)); }, idleTimeoutMs);
    try {
      return await chunks.next();
    } finally {
      clearTimeout(timer);
    }
  };
}
