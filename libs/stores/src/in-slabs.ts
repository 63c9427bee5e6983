import { slabBytes, type Slab, type SlabPool } from './slabs.js';

export interface FilledSlab {
  readonly slab: Slab;
  readonly lengthBytes: number;
}

/** A slab that is partly filled is passed on when nothing more has come for so long, so that slow clients hold no memory. */
const idleMs = 20;

/** Cuts chunks of any size into slabs. Every slab that is given belongs to the receiver, who gives it back to the pool. */
export async function* inSlabs(chunks: AsyncGenerator<Uint8Array>, pool: SlabPool): AsyncGenerator<FilledSlab, void, undefined> {
  let filling: { slab: Slab; lengthBytes: number } | undefined;
  const passOn = (): FilledSlab | undefined => {
    const filled = filling;
    filling = undefined;
    return filled;
  };
  try {
    for (let pending = chunks.next(); ; pending = chunks.next()) {
      if (filling && !(await isThereWithin(pending, idleMs))) yield passOn()!;
      const next = await pending;
      if (next.done === true) break;
      for (let rest = next.value; rest.byteLength > 0;) {
        filling ??= { slab: await pool.take(), lengthBytes: 0 };
        const part = rest.subarray(0, slabBytes - filling.lengthBytes);
        filling.slab.bytes.set(part, filling.lengthBytes);
        filling.lengthBytes += part.byteLength;
        rest = rest.subarray(part.byteLength);
        if (filling.lengthBytes === slabBytes) yield passOn()!;
      }
    }
    if (filling) yield passOn()!;
  } finally {
    if (filling) pool.give(filling.slab);
    chunks.return(undefined).catch(() => {});
  }
}

async function isThereWithin(pending: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => { timer = setTimeout(resolve, ms, false); });
  const came = pending.then(() => true, () => true);
  try {
    return await Promise.race([came, late]);
  } finally {
    clearTimeout(timer);
  }
}
