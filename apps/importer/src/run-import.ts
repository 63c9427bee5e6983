import type { CommandContext } from '#libs/contracts';
import { isProblem, nextImportStep, type ProblemCode } from '#libs/domain';
import type { WorkOutcome } from '#libs/event-log';
import { fillStores } from './fill-stores.js';
import type { ImportParts, RequestedImport, Run, Send } from './import-parts.js';
import { isHeld, type ImageUnderImport } from './sources.js';

const actor: CommandContext['actor'] = { userId: 'service:importer', authMethod: 'service' };

/** The import, or the image, has ended under our hands: what the log says next is what is true. */
const overCodes: ReadonlySet<ProblemCode> = new Set(['ImportOver', 'ImageGone', 'ImageNotFound']);
const takenOverCodes: ReadonlySet<ProblemCode> = new Set(['AttemptOver']);

/**
 * Takes an import from wherever it is to its end: asks the log's leader for the image, does the next step, asks again. Whoever takes over from
 * a process that died begins in the same way; each attempt has an id of its own, so that neither can touch the other's bytes.
 * Rejects where `signal` aborts or the log cannot be read: then it is to be tried again.
 */
export async function runImport(request: RequestedImport, parts: ImportParts, signal: AbortSignal): Promise<WorkOutcome> {
  const { imageId, importId } = request;
  const run: Run = { request, parts, send: senderOf(request, parts), reason: 'At least one store could not take the data.' };
  for (;;) {
    signal.throwIfAborted();
    const image = await parts.imageFromLeader(imageId);
    if (!image.exists || nextImportStep(image, importId).do === 'nothing') return 'done';
    try {
      await takeStep({ imageId, image }, run, signal);
    } catch (error) {
      signal.throwIfAborted();
      // Somebody else has opened an attempt after ours: he believed us dead, and goes on.
      if (isProblem(error, takenOverCodes)) return 'taken over';
      if (!isProblem(error, overCodes)) throw error;
    }
  }
}

/** The first store is filled from the method's source; from then on the others can be filled from it side by side. */
async function takeStep({ imageId, image }: Pick<ImageUnderImport, 'imageId' | 'image'>, run: Run, signal: AbortSignal): Promise<void> {
  const { importId } = run.request;
  const step = nextImportStep(image, importId);
  if (step.do === 'finish') await run.send({ type: 'FinishImport', importId, reason: run.reason }, 'finish');
  if (step.do !== 'bring' || !image.importing) return;
  const asked = { imageId, image, importing: image.importing };
  await fillStores(asked, step.storeIds.slice(0, isHeld(asked) ? run.parts.parallelStores : 1), run, signal);
}

/** A step that is sent again has the same id, and so is done once. */
const senderOf = ({ imageId, importId, causationId, requestId }: RequestedImport, { send }: ImportParts): Send => (command, step) =>
  send({ envelope: { imageId, command }, context: { commandId: `import:${importId}:${step}`, requestId, causationId, actor } });
