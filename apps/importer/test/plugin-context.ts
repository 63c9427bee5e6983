import { randomUUID } from 'node:crypto';
import type { DataInspection, DataVerification } from '#libs/domain';
import type { PluginContext, Prepared } from '../src/plugins/prepare.js';
import { openWorkRoom } from '../src/plugins/work-room.js';

export interface Told { readonly steps: string[]; readonly inspections: DataInspection[]; readonly verifications: DataVerification[] }

/** What a plugin is given in a specification; what it tells is kept. */
export function aPluginContext({ workDir = '/nonexistent', limitBytes = 2 ** 40, signal = new AbortController().signal, told = { steps: [], inspections: [], verifications: [] } }:
{ workDir?: string; limitBytes?: number; signal?: AbortSignal; told?: Told } = {}): PluginContext {
  const imageId = randomUUID();
  return {
    imageId, importId: randomUUID(), room: openWorkRoom(workDir).open({ imageId, attemptId: randomUUID() }), signal, limitBytes, osHashAlgo: 'sha512',
    progress: { step: (step) => { told.steps.push(step); }, moved: () => undefined }, alive: () => undefined,
    recordInspection: async (inspection) => { told.inspections.push(inspection); }, recordVerification: async (verification) => { told.verifications.push(verification); },
  };
}

export function aPrepared(bytes: Buffer, { chunkBytes = 7000, ...more }: Partial<Prepared> & { readonly chunkBytes?: number } = {}): Prepared {
  return { bytes: inChunks(bytes, chunkBytes), claim: { diskFormat: 'raw', containerFormat: 'bare' }, done: [], ...more };
}

/** As a store's reader gives them: into the same memory again and again. */
async function* inChunks(bytes: Buffer, chunkBytes: number): AsyncGenerator<Uint8Array> {
  const memory = [new Uint8Array(chunkBytes), new Uint8Array(chunkBytes)];
  for (let at = 0, turn = 0; at < bytes.length; at += chunkBytes, turn += 1) {
    const part = bytes.subarray(at, at + chunkBytes);
    const buffer = memory[turn % 2] ?? new Uint8Array(0);
    await Promise.resolve();
    buffer.set(part);
    yield buffer.subarray(0, part.length);
  }
}

export async function bytesOf(source: AsyncIterable<unknown>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of source) chunks.push(Buffer.from(chunk as Uint8Array));
  return Buffer.concat(chunks);
}
