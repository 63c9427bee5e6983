import { Problem } from '#libs/domain';
import { speakingForS3 } from './s3-errors.js';
import { mostParts, openS3Upload } from './s3-upload.js';
import type { S3Room, S3Target } from './s3-room.js';
import type { StoreWriter } from './store.js';

const mib = 1024 * 1024;
/** An object may have so many bytes, in parts of at most `mostPartBytes`. Source: "Amazon S3 multipart upload limits". */
export const mostObjectBytes = 5 * 1024 ** 4;

/** Cuts what arrives into parts and sends a few at a time: memory is one part being filled and those on their way. Where two processes may come to write the same
 *  data, it goes in parts however small it is, so that the one that is late changes nothing. */
export async function startS3Writer(room: S3Room, target: S3Target, declaredSizeBytes: number | undefined, { alwaysInParts = false } = {}): Promise<StoreWriter> {
  const upload = await openS3Upload(room, target);
  const sending = partsOnTheirWay(room);
  const smallBytes = alwaysInParts ? 0 : Math.min(room.options.largeObjectBytes, room.options.chunkBytes);
  let part = 1;
  let filling: Buffer | undefined;
  let filledBytes = 0;
  let isOver = false;
  const whileOpen = async (work: () => Promise<void>): Promise<void> => {
    if (isOver) throw new Error('This writer is over.');
    await speakingForS3({ storeId: room.storeId, imageId: target.imageId }, work);
  };

  async function sendFilled(): Promise<void> {
    if (part > mostParts) throw new Problem('StoreFull', { storeId: room.storeId });
    const [number, bytes] = [part, filling!.subarray(0, filledBytes)];
    part += 1;
    filling = undefined;
    filledBytes = 0;
    await sending.add(bytes.byteLength, () => upload.sendPart(number, bytes));
  }

  return {
    write: (chunk) => whileOpen(async () => {
      for (let rest = chunk; rest.byteLength > 0;) {
        sending.throwFailure();
        filling ??= Buffer.allocUnsafeSlow(partBytesOf(part, room.options.chunkBytes, declaredSizeBytes));
        const taken = rest.subarray(0, filling.byteLength - filledBytes);
        filling.set(taken, filledBytes);
        filledBytes += taken.byteLength;
        rest = rest.subarray(taken.byteLength);
        if (filledBytes === filling.byteLength && (part > 1 || filledBytes > smallBytes || rest.byteLength > 0)) await sendFilled();
      }
    }),
    commit: () => whileOpen(async () => {
      if (part === 1 && filledBytes <= smallBytes) await upload.completeWith(filling?.subarray(0, filledBytes) ?? Buffer.alloc(0));
      else {
        if (filledBytes > 0) await sendFilled();
        await sending.end();
        await upload.complete();
      }
      filling = undefined;
      isOver = true;
    }),
    async cancel() {
      if (isOver) return;
      isOver = true;
      filling = undefined;
      await upload.discard();
    },
  };
}

/** Parts of one size where the size is told; else they grow by half every thousand parts, so that 10,000 of them hold more than
 *  1 TiB in parts that begin with 10 MiB, and 100 GiB need no part above 35 MiB. */
export function partBytesOf(part: number, chunkBytes: number, declaredSizeBytes: number | undefined): number {
  const needed = declaredSizeBytes === undefined ? chunkBytes * 1.5 ** Math.floor((part - 1) / 1000) : declaredSizeBytes / mostParts;
  return Math.max(chunkBytes, Math.ceil(needed / mib) * mib);
}

/** Runs a few at once: one always, more as far as the option and the store's spare memory allow. The first failure is told at the next call. */
export function partsOnTheirWay({ options, spare }: Pick<S3Room, 'options' | 'spare'>) {
  const running = new Set<Promise<void>>();
  let failure: { error: unknown } | undefined;
  const throwFailure = (): void => { if (failure) throw failure.error; };

  return {
    throwFailure,
    async add(bytes: number, send: () => Promise<void>): Promise<void> {
      let spareBytes = 0;
      while (running.size > 0) {
        throwFailure();
        if (running.size < options.parallelParts && spare.take(bytes)) {
          spareBytes = bytes;
          break;
        }
        await Promise.race(running);
      }
      throwFailure();
      const one = send().catch((error: unknown) => { failure ??= { error }; }).finally(() => {
        running.delete(one);
        spare.give(spareBytes);
      });
      running.add(one);
    },
    async end(): Promise<void> {
      await Promise.all(running);
      throwFailure();
    },
  };
}
