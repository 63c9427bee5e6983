import { once } from 'node:events';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { endGroup, reasonOf, startBounded, type ProgramLimits } from './bounded-program.js';
import { BadArchive } from './zip-entry.js';

/** Enough for the largest of its own settings (`xz -9` needs 65 MiB); the time is bounded by whoever sends the bytes. */
const limits: ProgramLimits = { seconds: 604_800, memoryBytes: 512 * 1024 ** 2, fileBytes: 0, openFiles: 16 };
const notFound = 127;

/** Unpacks a stream by a program that reads it and writes the result, as gzip's kin do. Throws BadArchive, in the program's words, where it fails or is not there. */
export async function* unpackedBy(command: string, args: readonly string[], bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  const child = startBounded({ command, args, limits }, 'pipe');
  const { stdin, stdout, stderr } = child;
  if (!stdin || !stdout || !stderr) throw new Error(`${command} has no pipes`);
  let complaint = '';
  stderr.setEncoding('utf8').on('data', (text: string) => { complaint = (complaint + text).slice(0, 4096); });
  const ended = once(child, 'close') as Promise<[number | null, string | null]>;
  // A program that has ended takes no more, which is no fault of the source.
  const feeding = pipeline(Readable.from(bytes, { objectMode: false }), stdin).then(() => undefined, (error: unknown) => (isClosedPipe(error) ? undefined : { error }));
  try {
    for await (const chunk of stdout as AsyncIterable<Uint8Array>) yield chunk;
    const failed = await feeding;
    if (failed) throw failed.error as Error;
    const [status, signalName] = await ended;
    if (status === notFound) throw new BadArchive(`the program ${command} is not installed here`);
    if (status !== 0) throw new BadArchive(`it is damaged (${reasonOf({ status, signalName, output: '', complaint }, limits)})`);
  } finally {
    if (child.pid !== undefined) endGroup(child.pid);
  }
}

const isClosedPipe = (error: unknown): boolean => ['EPIPE', 'ERR_STREAM_PREMATURE_CLOSE', 'ERR_STREAM_DESTROYED'].includes(String((error as { code?: unknown } | undefined)?.code));
