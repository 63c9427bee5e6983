import { slabBytes, type Slab, type SlabPool } from './slabs.js';

export interface FilledSlab {
  readonly slab: Slab;
  readonly lengthBytes: number;
}

/** Cuts chunks of any size into slabs. One call at a time. */
export interface SlabCutter {
  /** Copies the chunk; where it gives a promise, the next chunk has to wait for it. */
  take(chunk: Uint8Array): Promise<void> | undefined;
  /** Passes on what is left, and takes no more. */
  finish(): Promise<void>;
  /** Gives back what is left. Harmless after `finish`. */
  drop(): void;
}

/** A slab that is partly filled is passed on when nothing more has come for so long, so that slow clients hold no memory. */
const idleMs = 20;

/** Every slab that is passed on belongs to the receiver, who gives it back to the pool; where `pass` gives a promise, it is waited for before more is taken. */
export function slabCutter(pool: SlabPool, pass: (filled: FilledSlab) => Promise<void> | undefined): SlabCutter {
  let filling: Filling | undefined;
  let timer: NodeJS.Timeout | undefined;
  let taken = 0;
  let isOver = false;
  /** What a slab that was passed on in a silence has to wait for. */
  let behind: Promise<void> | undefined;

  function passOn(): Promise<void> | undefined {
    const filled = filling;
    filling = undefined;
    return filled && pass(filled);
  }

  function passOnWhenSilent(): void {
    const before = taken;
    timer ??= setTimeout(() => {
      timer = undefined;
      if (!filling) return;
      if (taken > before) return passOnWhenSilent();
      behind = passOn();
      // Told to whoever brings the next chunk; a receiver that fails says so by itself, too.
      behind?.catch(() => {});
      return undefined;
    }, idleMs);
  }

  function take(chunk: Uint8Array): Promise<void> | undefined {
    taken += 1;
    if (!behind) return cut(chunk);
    const before = behind;
    behind = undefined;
    return before.then(() => cut(chunk));
  }

  function cut(chunk: Uint8Array): Promise<void> | undefined {
    for (let rest = chunk; rest.byteLength > 0 && !isOver;) {
      const slab = filling ? undefined : pool.tryTake();
      if (!filling && !slab) return takeInTurn(rest);
      if (slab) begin(slab);
      rest = fill(filling!, rest);
      if (!isFull(filling!)) continue;
      const waiting = passOn();
      if (waiting) return rest.byteLength === 0 ? waiting : waiting.then(() => cut(rest));
    }
    return undefined;
  }

  async function takeInTurn(rest: Uint8Array): Promise<void> {
    const slab = await pool.take();
    if (isOver) pool.give(slab);
    else begin(slab);
    await cut(rest);
  }

  function begin(slab: Slab): void {
    filling = { slab, lengthBytes: 0 };
    passOnWhenSilent();
  }

  return {
    take,
    async finish() {
      isOver = true;
      clearTimeout(timer);
      await behind;
      await passOn();
    },
    drop() {
      isOver = true;
      clearTimeout(timer);
      if (filling) pool.give(filling.slab);
      filling = undefined;
    },
  };
}

type Filling = { -readonly [Field in keyof FilledSlab]: FilledSlab[Field] };

const isFull = ({ lengthBytes }: Filling): boolean => lengthBytes === slabBytes;

/** Copies what fits, and gives the rest. */
function fill(filling: Filling, chunk: Uint8Array): Uint8Array {
  const part = chunk.subarray(0, slabBytes - filling.lengthBytes);
  const end = filling.lengthBytes + part.byteLength;
  // To shared memory, `set` copies at a third of the speed, and at an eighth where source and target are not aligned alike; `fill` does not care.
  filling.slab.bytes.fill(part, filling.lengthBytes, end);
  filling.lengthBytes = end;
  return chunk.subarray(part.byteLength);
}
