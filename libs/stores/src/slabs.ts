/** Memory that many transfers share: slabs of one size, made when first needed, never more than `capacity`.
 *  They are shared memory, so that hashing threads and the store read the same bytes without a copy. */
export interface Slab {
  readonly memory: SharedArrayBuffer;
  readonly bytes: Buffer;
}

export interface SlabPool {
  /** Waits its turn, first come first served, when all slabs are in use. */
  take(): Promise<Slab>;
  /** A slab if one is free now. */
  tryTake(): Slab | undefined;
  give(slab: Slab): void;
  /** Gives up a slab that something may still be using: the garbage collector has it, and another may be made. */
  forget(slab: Slab): void;
  readonly inUse: number;
}

export const slabBytes = 1024 * 1024;

export function slabPool(capacity: number): SlabPool {
  const free: Slab[] = [];
  const waiting: ((slab: Slab) => void)[] = [];
  let made = 0;
  const tryTake = (): Slab | undefined => free.pop() ?? (made < capacity ? (made += 1, newSlab()) : undefined);
  return {
    tryTake,
    async take() {
      return tryTake() ?? new Promise((resolve) => { waiting.push(resolve); });
    },
    give(slab) {
      const next = waiting.shift();
      if (next) next(slab);
      else free.push(slab);
    },
    forget() {
      const next = waiting.shift();
      if (next) next(newSlab());
      else made -= 1;
    },
    get inUse() { return made - free.length; },
  };
}

function newSlab(): Slab {
  const memory = new SharedArrayBuffer(slabBytes);
  return { memory, bytes: Buffer.from(memory) };
}
