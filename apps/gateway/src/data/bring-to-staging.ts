import { once } from 'node:events';
import { request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import { json } from 'node:stream/consumers';
import { signCapability, type Answer, type CapabilityClaims } from '#libs/contracts';
import { isProblemCode, Problem } from '#libs/domain';

/** How the gateway reaches the staging service. */
export interface StagingLine {
  readonly url: string;
  readonly capabilityKey: string;
  /** How long nothing may move on the line, the client's own silence included: a host that vanished says no goodbye. */
  readonly silentForMs: number;
}

/** How long after it was given a capability can be used to begin. */
const beginWithinMs = 60_000;

/**
 * Passes a client's data on to the staging service, at the pace of the slower one, and resolves once it is recorded as staged. The source
 * stays open, so that a refusal can still be answered. Refuses: what staging refuses, UploadInterrupted, and Unavailable where it cannot
 * be reached or goes away.
 */
export async function bringToStaging(line: StagingLine, claims: Omit<CapabilityClaims, 'may' | 'expiresAt'>, source: IncomingMessage): Promise<void> {
  const capability = signCapability(line.capabilityKey, { ...claims, may: 'stage', expiresAt: new Date(Date.now() + beginWithinMs) });
  const { imageId } = claims;
  if (source.destroyed && !source.complete) throw new Problem('UploadInterrupted', { imageId });
  const length = source.headers['content-length'];
  const passing = httpRequest(new URL(`/transfers/${capability}`, line.url), {
    // A connection of its own: what was said over a kept one that turns out to be dead could not be said again.
    agent: false, method: 'PUT', headers: { 'content-type': 'application/octet-stream', ...(length === undefined ? {} : { 'content-length': length }) },
  });
  // Staging may refuse before the first byte has come, and its idle limit runs from here.
  passing.flushHeaders();
  passing.setTimeout(line.silentForMs, () => { passing.destroy(new Error(`the staging service gave no sign of life for ${line.silentForMs} ms`)); });
  // Also after the answer: what is still on its way then is wanted by nobody any more.
  passing.on('error', () => {});
  const onClientGone = (): void => { passing.destroy(new Problem('UploadInterrupted', { imageId })); };
  source.once('error', onClientGone);
  source.once('aborted', onClientGone);
  try {
    const answered = once(passing, 'response') as Promise<[IncomingMessage]>;
    source.pipe(passing);
    const [response] = await answered;
    await refusalIn(response);
  } catch (error) {
    throw error instanceof Problem ? error : new Problem('Unavailable', { what: 'The staging area', seconds: 5 }, { cause: error });
  } finally {
    source.off('error', onClientGone);
    source.off('aborted', onClientGone);
    end(source, passing);
  }
}

async function refusalIn(response: IncomingMessage): Promise<void> {
  if (response.statusCode === 204) return void response.resume();
  const answer = await json(response) as Answer<never>;
  if ('problem' in answer && isProblemCode(answer.problem.code)) throw new Problem(answer.problem.code, answer.problem.params);
  throw new Error(`the staging service answered ${String(response.statusCode)} without saying why`);
}

function end(source: IncomingMessage, passing: ClientRequest): void {
  source.unpipe(passing);
  if (!passing.writableFinished) passing.destroy();
}
