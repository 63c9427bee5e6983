/**
 * The highest sequence of the log that anybody was told of, as far as this gateway knows: no read is answered from below it,
 * so that whoever was told "done" by one gateway sees it done at every other.
 */
export interface Acknowledged {
  sequence(): number;
  advance(sequence: number): void;
}

export function acknowledged(): Acknowledged {
  let highest = 0;
  return {
    sequence: () => highest,
    advance: (sequence) => { if (sequence > highest) highest = sequence; },
  };
}
