/** Chances that repeat with their seed. */
export interface Random {
  /** A whole number from 0 up to and without `limit`. */
  below(limit: number): number;
  chance(probability: number): boolean;
  pick<Each>(from: readonly Each[]): Each;
  bytes(size: number): Buffer;
  /** Another source, the same for the same name, so that what one worker draws does not depend on how fast the others are. */
  branch(name: string): Random;
}

/** The seed of this run: `HELIOGRAPH_SEED`, or a new one. */
export const seedOfThisRun = (): number => Number(process.env['HELIOGRAPH_SEED'] ?? Math.floor(Math.random() * 2 ** 31));

/** Mulberry32 (Tommy Ettinger): 32 bits of state, more than even enough to choose whom to kill. */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  function next(): number {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  }
  const below = (limit: number): number => Math.floor((next() / 2 ** 32) * limit);
  return {
    below,
    chance: (probability) => next() / 2 ** 32 < probability,
    pick: (from) => from[below(from.length)] ?? nothingToPick(),
    bytes(size) {
      const words = new Uint32Array(Math.ceil(size / 4));
      for (let at = 0; at < words.length; at += 1) words[at] = next();
      return Buffer.from(words.buffer, 0, size);
    },
    branch: (name) => seeded([...name].reduce((hash, letter) => Math.imul(hash ^ letter.charCodeAt(0), 0x01000193), seed ^ 0x811c9dc5)),
  };
}

function nothingToPick(): never {
  throw new Error('there is nothing to pick from');
}
