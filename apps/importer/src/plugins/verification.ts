import { open } from 'node:fs/promises';
import { Problem, type DataVerification } from '#libs/domain';
import { runBounded, type ProgramEnd, type ProgramLimits } from './bounded-program.js';
import type { Plugin, PluginContext, Prepared } from './prepare.js';
import type { WorkFile } from './work-room.js';

export interface VerificationOptions {
  /** What the operator calls it. */
  readonly name: string;
  readonly command: string;
  readonly seconds: number;
  readonly memoryBytes: number;
}

const detailLength = 255;

/**
 * The plugin external_verification: a program of the operator's judges what comes in. It finds the data as its standard input and under the path
 * that is its only argument, and what the image says of itself in its environment. Status 0 accepts, 1 refuses, and anything else is no verdict:
 * then the import fails, too. Refuses: DataNotVerified. Interface: docs/plugins.md.
 */
export const externalVerification = (options: VerificationOptions): Plugin => async (prepared, context) => {
  const file = await context.room.spool(prepared, context);
  context.progress.step('verifying', file.sizeBytes);
  const ended = await judgedBy(options, file, prepared, context);
  const verification = verdictOf(options, ended);
  if (!verification.isAccepted) {
    await context.recordVerification(verification).catch(() => undefined);
    throw new Problem('DataNotVerified', { imageId: context.imageId, verifier: options.name, reason: verification.detail });
  }
  context.progress.step('receiving', file.sizeBytes);
  return { ...prepared, ...await again(prepared, file, context), done: [...prepared.done, { step: 'verified', ...verification }] };
};

async function judgedBy({ command, seconds, memoryBytes }: VerificationOptions, file: WorkFile, { claim }: Prepared, { imageId, importId, signal, alive }: PluginContext): Promise<ProgramEnd> {
  const limits: ProgramLimits = { seconds, memoryBytes, fileBytes: 2 ** 30, openFiles: 256 };
  const data = await open(file.path, 'r');
  try {
    return await runBounded({
      command, args: [file.path], limits, signal, stdin: data.fd, onAlive: alive,
      env: {
        HELIOGRAPH_IMAGE_ID: imageId, HELIOGRAPH_IMPORT_ID: importId, HELIOGRAPH_DISK_FORMAT: claim.diskFormat ?? '', HELIOGRAPH_CONTAINER_FORMAT: claim.containerFormat ?? '',
        HELIOGRAPH_SIZE_BYTES: String(file.sizeBytes),
      },
    });
  } finally {
    await data.close();
  }
}

/** The last line that it printed tells why: as it is, or as the member `detail` of a JSON object. */
export function verdictOf({ name, seconds }: Pick<VerificationOptions, 'name' | 'seconds'>, { status, signalName, output }: ProgramEnd): DataVerification {
  const said = printable(detailIn(output.trim().split('\n').at(-1) ?? ''));
  if (status === 0) return { verifier: name, isAccepted: true, detail: said };
  if (status === 1) return { verifier: name, isAccepted: false, detail: said === '' ? 'it says no more' : said };
  const how = status === null ? `was ended by ${signalName ?? 'a signal'}, as where it takes more than ${seconds} seconds or too much memory` : `ended with status ${status}`;
  return { verifier: name, isAccepted: false, detail: `it ${how}, which is no verdict` };
}

function detailIn(line: string): string {
  try {
    const { detail } = JSON.parse(line) as { detail?: unknown };
    return typeof detail === 'string' ? detail : '';
  } catch {
    return line;
  }
}

const printable = (text: string): string => text.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, detailLength);

/** The bytes once more: those of the source were read, unless they lie in a store that gives them again. */
async function again(prepared: Prepared, file: WorkFile, { room }: PluginContext): Promise<Pick<Prepared, 'bytes' | 'file' | 'declaredSizeBytes'>> {
  return { file, declaredSizeBytes: file.sizeBytes, bytes: prepared.file ? prepared.bytes : await room.read(file.key) };
}
