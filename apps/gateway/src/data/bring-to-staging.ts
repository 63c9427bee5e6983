import { once } from 'node:events';
import { request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { json } from 'node:stream/consumers';
import { signCapability, type Answer, type CapabilityClaims, type UploadState } from '#libs/contracts';
import { isProblemCode, Problem } from '#libs/domain';
import { traceHeaders } from '#libs/platform';

/** How the gateway reaches the staging service. */
export interface StagingLine {
  /** Of every staging service; the first that answers takes the data. Those that take uploads in parts share one area. */
  readonly urls: readonly string[];
  readonly capabilityKey: string;
  /** How long nothing may move on the line, the client's own silence included: a host that vanished says no goodbye. */
  readonly silentForMs: number;
}

/** A host that is there answers in no time. */
const connectWithinMs = 3000;
/** How long after it was given a capability can be used to begin. */
const beginWithinMs = 60_000;

type Claims = Omit<CapabilityClaims, 'may' | 'expiresAt'>;

/**
 * Passes a client's data on to the staging service, at the pace of the slower one, and resolves once it is recorded as staged. The source
 * stays open, so that a refusal can still be answered. Refuses: what staging refuses, UploadInterrupted, and Unavailable where it cannot
 * be reached or goes away.
 */
export async function bringToStaging(line: StagingLine, claims: Claims, source: IncomingMessage): Promise<void> {
  await passToStaging(line, `/transfers/${signed(line, 'stage', claims)}`, claims.imageId, source);
}

/** Has the staging service do something with an upload that can be resumed; the source, if any, is the bytes of a part. Refuses as `bringToStaging` does. */
export async function askOfUpload(line: StagingLine, claims: Claims & Required<Pick<CapabilityClaims, 'upload'>>, source?: IncomingMessage): Promise<UploadState> {
  const answer = await passToStaging<UploadState>(line, `/uploads/${signed(line, 'upload', claims)}`, claims.imageId, source);
  if (!answer) throw new Error('the staging service did not say how far an upload is');
  return answer;
}

const signed = (line: StagingLine, may: CapabilityClaims['may'], claims: Claims): string =>
  signCapability(line.capabilityKey, { ...claims, may, expiresAt: new Date(Date.now() + beginWithinMs) });

async function passToStaging<Ok = never>(line: StagingLine, path: string, imageId: string, source: IncomingMessage | undefined): Promise<Ok | undefined> {
  const passing = await openLine(line, path, source ? source.headers['content-length'] : '0');
  if (source?.destroyed && !source.complete) {
    passing.destroy();
    throw new Problem('UploadInterrupted', { imageId });
  }
  const forget = source ? onceGone(source, () => { passing.destroy(new Problem('UploadInterrupted', { imageId })); }) : () => {};
  try {
    const answered = once(passing, 'response') as Promise<[IncomingMessage]>;
    if (source) source.pipe(passing);
    else passing.end();
    const [response] = await answered;
    return await answerIn<Ok>(response);
  } catch (error) {
    throw error instanceof Problem ? error : new Problem('Unavailable', { what: 'The staging area', seconds: 5 }, { cause: error });
  } finally {
    forget();
    end(source, passing);
  }
}

function onceGone(source: IncomingMessage, tell: () => void): () => void {
  source.once('error', tell).once('aborted', tell);
  return () => { source.off('error', tell).off('aborted', tell); };
}

async function openLine({ urls, silentForMs }: StagingLine, path: string, length: string | undefined): Promise<ClientRequest> {
  const passing = await reach(urls.map((url) => new URL(path, url)), length);
  // Staging may refuse before the first byte has come, and its idle limit runs from here.
  passing.flushHeaders();
  passing.setTimeout(silentForMs, () => { passing.destroy(new Error(`the staging service gave no sign of life for ${silentForMs} ms`)); });
  return passing;
}

/** A connection of its own, because what was said over a kept one that turns out to be dead could not be said again. No byte of the client is on it yet. */
async function reach(places: readonly URL[], length: string | undefined): Promise<ClientRequest> {
  let failure: unknown;
  for (const place of places) {
    const passing = httpRequest(place, {
      agent: false, method: 'PUT', headers: { 'content-type': 'application/octet-stream', ...traceHeaders(), ...(length === undefined ? {} : { 'content-length': length }) },
    });
    // Also after the answer: what is still on its way then is wanted by nobody any more.
    passing.on('error', () => {});
    try {
      await connected(passing);
      return passing;
    } catch (error) {
      passing.destroy();
      failure = error;
    }
  }
  throw new Problem('Unavailable', { what: 'The staging area', seconds: 5 }, { cause: failure });
}

async function connected(passing: ClientRequest): Promise<void> {
  const signal = AbortSignal.timeout(connectWithinMs);
  const [socket] = await once(passing, 'socket', { signal }) as [Socket];
  if (socket.connecting) await once(socket, 'connect', { signal });
}

async function answerIn<Ok>(response: IncomingMessage): Promise<Ok | undefined> {
  if (response.statusCode === 204) {
    response.resume();
    return undefined;
  }
  const answer = await json(response) as Answer<Ok>;
  if ('ok' in answer) return answer.ok;
  if ('problem' in answer && isProblemCode(answer.problem.code)) throw new Problem(answer.problem.code, answer.problem.params);
  throw new Error(`the staging service answered ${String(response.statusCode)} without saying why`);
}

function end(source: IncomingMessage | undefined, passing: ClientRequest): void {
  source?.unpipe(passing);
  if (!passing.writableFinished) passing.destroy();
}
