import type { StagedFate, Swept } from '#libs/transfers';

const meanings: Readonly<Record<StagedFate, string>> = {
  arriving: 'is being staged, or its lease will end it', waiting: 'waits for its import', importing: 'is being imported', expired: 'was not imported in time',
  over: 'was given up', orphaned: 'belongs to nothing that its image knows', unknown: 'belongs to no image of this region\'s log',
  unreadable: 'belongs to an image whose history cannot be read', foreign: 'is nothing of ours',
};

/** One line of the operator's report. */
export function lineOf({ name, sizeBytes, fate, waitsUntil, done, error }: Swept): string {
  const until = fate === 'waiting' && waitsUntil ? ` until ${waitsUntil.toISOString()}` : '';
  const why = error === undefined ? '' : ` (${error instanceof Error ? error.message : String(error)})`;
  return `${done.padEnd(13)} ${name}, ${sizeBytes} bytes: ${meanings[fate]}${until}${why}`;
}

/** How much of what was found, and what became of it. */
export class SweepTotals {
  private readonly counts = new Map<string, { things: number; bytes: number }>();

  add({ fate, done, sizeBytes }: Swept): void {
    for (const name of [fate, done, 'all']) {
      const { things, bytes } = this.counts.get(name) ?? { things: 0, bytes: 0 };
      this.counts.set(name, { things: things + 1, bytes: bytes + sizeBytes });
    }
  }

  of(name: StagedFate | Swept['done'] | 'all'): { readonly things: number; readonly bytes: number } {
    return this.counts.get(name) ?? { things: 0, bytes: 0 };
  }

  summary(): string {
    const { things, bytes } = this.of('all');
    const parts = [...this.counts].filter(([name]) => name !== 'all').map(([name, count]) => `${count.things} ${name} (${count.bytes} bytes)`);
    return [`${things} files, ${bytes} bytes`, ...(parts.length > 0 ? [parts.join(', ')] : [])].join(': ');
  }
}
