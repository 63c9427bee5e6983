import { setTimeout as pause } from 'node:timers/promises';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { digestOfOrder, signCapability, type CopyLine, type CopyOrder } from '#libs/contracts';
import { isProblemCode, Problem, type ImageDataFacts, type ImageState, type ImportInProgress, type ImportRequest, type ProblemParams } from '#libs/domain';
import type { SizeLimits } from '#libs/transfers';
import type { FederationLine } from './remote-source.js';
import type { ImageUnderImport } from './sources.js';

export interface CopyOutParts {
  /** Without it nothing is copied to other regions. */
  readonly line: FederationLine | undefined;
  readonly limitBytes: SizeLimits;
  imageFromLeader(imageId: string): Promise<ImageState>;
}
/** Sees an order for copies in other regions through. Refuses: SourceImageGone, ImageTooLarge, CopyFailed, RemoteTokenLost, RemoteTokenRefused, ReplicationPolicyNotFound, Unavailable. */
export type CopyOut = (asked: ImageUnderImport, signal: AbortSignal) => Promise<{ readonly facts: ImageDataFacts; remove(): Promise<void> }>;

const mostFailures = 60;
const pauseMs = 500;
const validForMs = 60_000;
const what = 'The federation service';

/** No byte passes here: federation has the regions copy, and is asked again wherever it broke off, which it may be at any time. */
export const copyOut = ({ line, limitBytes, imageFromLeader }: CopyOutParts): CopyOut => async (asked, signal) => {
  const { image: { owner, arriving }, importing } = asked;
  const facts = factsOf(importing, await imageFromLeader(importing.sourceImageId ?? ''));
  const most = limitBytes(importing.method, owner);
  if (facts.sizeBytes > most) throw new Problem('ImageTooLarge', { limitBytes: most });
  if (!line) throw new Problem('Unavailable', { what, seconds: 60 });
  await untilDone(line, asked.imageId, orderOf(importing, arriving?.imageProperties ?? {}), signal);
  return { facts, remove: () => Promise.resolve() };
};

function factsOf({ sourceImageId: imageId = '' }: ImportInProgress, source: ImageState): ImageDataFacts {
  if (!source.exists || source.status !== 'active' || !source.data) throw new Problem('SourceImageGone', { imageId });
  const { sizeBytes, checksum = '', osHashAlgo = '', osHashValue = '' } = source.data;
  return { sizeBytes, checksum, osHashAlgo, osHashValue };
}

export const isCopyOut = ({ method }: Pick<ImportInProgress, 'method'>): boolean => method === 'clone-image' || method === 'replicate-image';

export const orderOf = ({ importId, sourceImageId = '', targetRegions = [], targetImageId, replicationPolicyId }: ImportRequest, imageProperties: Readonly<Record<string, unknown>>): CopyOrder => ({
  importId, sourceImageId, regions: targetRegions,
  ...(targetImageId === undefined ? {} : { clone: { imageId: targetImageId, imageProperties } }), ...(replicationPolicyId === undefined ? {} : { policyId: replicationPolicyId }),
});

async function untilDone(line: FederationLine, imageId: string, order: CopyOrder, signal: AbortSignal): Promise<void> {
  for (let failures = 0; failures < mostFailures;) {
    try {
      const ended = await askOnce(line, imageId, order, signal, () => { failures = 0; });
      if (ended) return;
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof Problem) throw error;
    }
    failures += 1;
    await pause(pauseMs, undefined, { signal });
  }
  throw new Problem('Unavailable', { what, seconds: 5 });
}

/** Whether it ended; a connection that broke did not. */
async function askOnce(line: FederationLine, imageId: string, order: CopyOrder, signal: AbortSignal, onHeard: () => void): Promise<boolean> {
  const silent = new AbortController();
  const timer = setTimeout(() => { silent.abort(); }, line.idleMs);
  try {
    const { response, body } = await post(line, imageId, order, '', AbortSignal.any([signal, silent.signal]));
    if (response.status !== 200 || !body) throw problemIn(await response.json()) ?? new Error(`${what} answered ${response.status}`);
    for await (const text of createInterface({ input: Readable.fromWeb(body) })) {
      timer.refresh();
      const said = JSON.parse(text) as CopyLine;
      if ('done' in said) return true;
      const problem = problemIn(said);
      if (problem) throw problem;
      onHeard();
    }
    return false;
  } finally {
    clearTimeout(timer);
  }
}

const endsWithinMs = 40_000;

/** Tells federation that the action has ended, so that it takes away what is unfinished and forgets the token. A federation that is away is told for a while. */
export async function endCopyOut(line: Pick<FederationLine, 'federationUrl' | 'capabilityKey' | 'clock'>, imageId: string, order: CopyOrder): Promise<void> {
  const signal = AbortSignal.timeout(endsWithinMs);
  while (!signal.aborted) {
    try {
      const { response } = await post(line, imageId, order, '/end', signal);
      await response.body?.cancel();
      if (response.status < 500) return;
    } catch { /* It is away: asked again. */ }
    await pause(pauseMs, undefined, { signal }).catch(() => undefined);
  }
}

async function post({ federationUrl, capabilityKey, clock }: Pick<FederationLine, 'federationUrl' | 'capabilityKey' | 'clock'>, imageId: string, order: CopyOrder, path: string, signal: AbortSignal) {
  const body = JSON.stringify(order);
  const { importId } = order;
  const capability = signCapability(capabilityKey, {
    may: 'copy', imageId, attemptId: importId, order: digestOfOrder(body), expiresAt: new Date(clock().getTime() + validForMs), requestId: `import-${importId}`, actor: { userId: 'service:importer', authMethod: 'service' },
  });
  const response = await fetch(`${federationUrl}/copy-orders/${capability}${path}`, { method: 'POST', body, signal, headers: { 'content-type': 'application/json' } });
  return { response, body: response.body };
}

function problemIn(said: unknown): Problem | undefined {
  const { problem } = said as { problem?: { code: string; params: ProblemParams } };
  return problem && isProblemCode(problem.code) ? new Problem(problem.code, problem.params) : undefined;
}
