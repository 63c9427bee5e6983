import { randomUUID } from 'node:crypto';
import type { CommandContext, ImageCommandMessage } from '#libs/contracts';
import { nextImportStep, Problem, type Image, type ImageCommand, type ImageState, type ProblemCode } from '#libs/domain';
import { crashPoint, type WorkOutcome } from '#libs/event-log';
import type { OsHashAlgo, Stores } from '#libs/stores';
import { bringToStore } from './bring-to-store.js';
import type { ImageUnderImport, OpenSource } from './sources.js';

export interface ImportParts {
  readonly stores: Stores;
  readonly openSource: OpenSource;
  readonly osHashAlgo: OsHashAlgo;
  readonly limitBytes: number;
  /** For how long no byte may move. */
  readonly idleMs: number;
  imageFromLeader(imageId: string): Promise<ImageState>;
  /** Sends a command until it is answered; rejects with what the catalog refuses. */
  send(message: ImageCommandMessage): Promise<Image>;
  /** Told what nobody refused and yet went wrong. */
  onFault(error: unknown, request: RequestedImport): void;
}

export interface RequestedImport {
  readonly imageId: string;
  readonly importId: string;
  /** The command and the request that asked for it. */
  readonly causationId: string;
  readonly requestId: string;
}

const actor: CommandContext['actor'] = { userId: 'service:importer', authMethod: 'service' };
const internalReason = 'Something went wrong in the image service. Import again, and tell your operator if it happens once more.';

/** The import, or the image, has ended under our hands: what the log says next is what is true. */
const overCodes: ReadonlySet<ProblemCode> = new Set(['ImportOver', 'ImageGone', 'ImageNotFound']);
const takenOver: ReadonlySet<ProblemCode> = new Set(['AttemptOver']);
/** The bytes cannot be had, whatever store they go to. */
const sourceCodes: ReadonlySet<ProblemCode> = new Set(['UriNotAllowed', 'DownloadFailed', 'DownloadTimedOut', 'ImageTooLarge', 'SizeMismatch']);
const reasonLength = 1024;

/**
 * Takes an import from wherever it is to its end: asks the log's leader for the image, does the next step, asks again. Whoever takes over from
 * a process that died begins in the same way; each attempt has an id of its own, so that neither can touch the other's bytes.
 * Rejects where `signal` aborts or the log cannot be read: then it is to be tried again.
 */
export async function runImport(request: RequestedImport, parts: ImportParts, signal: AbortSignal): Promise<WorkOutcome> {
  const { imageId, importId } = request;
  const run: Run = { request, parts, send: senderOf(request, parts), signal };
  let reason = 'At least one store could not take the data.';
  for (;;) {
    signal.throwIfAborted();
    const image = await parts.imageFromLeader(imageId);
    const step = nextImportStep(image, importId);
    if (step.do === 'nothing' || !image.exists || !image.importing) return 'done';
    try {
      if (step.do === 'finish') await run.send({ type: 'FinishImport', importId, reason }, 'finish');
      else reason = await fillStore({ imageId, image, importing: image.importing }, step.storeIds[0] ?? '', run) ?? reason;
    } catch (error) {
      // Somebody else has opened an attempt after ours: he believed us dead, and goes on.
      if (isProblem(error, takenOver)) return 'taken over';
      if (!isProblem(error, overCodes)) throw error;
    }
  }
}

const isProblem = (error: unknown, codes: ReadonlySet<ProblemCode>): boolean => error instanceof Problem && codes.has(error.code);

type Send = (command: ImageCommand, step: string) => Promise<Image>;
interface Run { readonly request: RequestedImport; readonly parts: ImportParts; readonly send: Send; readonly signal: AbortSignal }

/** A step that is sent again has the same id, and so is done once. */
const senderOf = ({ imageId, importId, causationId, requestId }: RequestedImport, { send }: ImportParts): Send => (command, step) =>
  send({ envelope: { imageId, command }, context: { commandId: `import:${importId}:${step}`, requestId, causationId, actor } });

/** Brings the data into one store and records it; returns why not, where it could not. Rejects where the import is over or was taken over. */
async function fillStore(asked: ImageUnderImport, storeId: string, { request, parts, send, signal }: Run): Promise<string | undefined> {
  const { imageId, importing: { importId } } = asked;
  const attemptId = randomUUID();
  await send({ type: 'StartStoreImport', importId, attemptId, storeId }, `start:${attemptId}`);
  try {
    const brought = await bringToStore(asked, { imageId, attemptId, storeId }, parts, signal);
    crashPoint('after-store-commit');
    crashPoint('before-complete');
    try {
      await send({ type: 'CompleteStoreImport', importId, attemptId, ...brought.facts }, `complete:${attemptId}`);
    } catch (error) {
      // Refused, so no image refers to these bytes; after any other failure nobody knows, and the log decides.
      if (error instanceof Problem) await brought.remove();
      throw error;
    }
    return undefined;
  } catch (error) {
    signal.throwIfAborted();
    if (isProblem(error, overCodes) || isProblem(error, takenOver)) throw error;
    if (!(error instanceof Problem)) parts.onFault(error, request);
    const reason = reasonOf(error, storeId);
    if (isProblem(error, sourceCodes)) await send({ type: 'FailImport', importId, reason }, `fail:${attemptId}`);
    else await send({ type: 'FailStoreImport', importId, storeId, reason }, `fail:${attemptId}`);
    return reason;
  }
}

const reasonOf = (error: unknown, storeId: string): string =>
  (error instanceof Problem ? error.message : `Store ${storeId}: ${internalReason}`).slice(0, reasonLength);
