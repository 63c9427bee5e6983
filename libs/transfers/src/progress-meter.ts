import type { Progress, ProgressStep, TellProgress } from '#libs/contracts';

export type MeteredTransfer = Pick<Progress, 'attemptId' | 'action' | 'storeId' | 'importId' | 'totalBytes'>;

export interface ProgressMeter {
  /** Takes the number of all bytes so far; costs next to nothing, so call it with every chunk. */
  moved(bytes: number): void;
  /** What happens to the bytes now. With a total, they are counted anew. */
  step(step: ProgressStep, totalBytes?: number): void;
  /** The last word. What comes after it is not told. */
  end(state: 'succeeded' | 'failed'): void;
  /** Says nothing more, where nobody knows how it ended. */
  fallSilent(): void;
}

/** How often progress is told. Who asks once a second always finds something new. */
const tellEveryMs = 500;
/** The time over which the rate is taken: long enough not to jump, short enough to show a stall. */
const rateOverMs = 5000;

/** Tells how far a transfer is, twice a second, also while no byte moves. A transfer that is over before the first word says nothing at all. */
export function progressMeter(tell: TellProgress, clock: () => Date, imageId: string, transfer: MeteredTransfer): ProgressMeter {
  const measured = measuredTransfer(transfer, clock);
  let isTold = false;
  let isOver = false;
  const timer = setInterval(() => {
    isTold = true;
    tell(imageId, measured.report('running'));
  }, tellEveryMs);
  timer.unref();
  return {
    moved: measured.moved,
    step: measured.step,
    end(state) {
      if (isOver) return;
      isOver = true;
      clearInterval(timer);
      if (isTold) tell(imageId, measured.report(state));
    },
    fallSilent() {
      isOver = true;
      clearInterval(timer);
    },
  };
}

/** The numbers behind a meter, on the clock of whoever holds it. */
export function measuredTransfer(transfer: MeteredTransfer, clock: () => Date) {
  const startedAt = clock();
  let samples = [{ at: startedAt.getTime(), bytes: 0 }];
  let { totalBytes } = transfer;
  let bytes = 0;
  let step: ProgressStep = 'receiving';

  function bytesPerSecond(): number {
    const at = clock().getTime();
    samples.push({ at, bytes });
    while (samples.length > 2 && (samples[1]?.at ?? at) <= at - rateOverMs) samples.shift();
    const [oldest = { at, bytes }] = samples;
    return at > oldest.at ? Math.round((bytes - oldest.bytes) / (at - oldest.at) * 1000) : 0;
  }

  return {
    moved(all: number): void { bytes = all; },
    step(next: ProgressStep, total?: number): void {
      step = next;
      if (total === undefined) return;
      totalBytes = total;
      bytes = 0;
      samples = [{ at: clock().getTime(), bytes }];
    },
    report: (state: Progress['state']): Progress => ({ ...transfer, ...(totalBytes === undefined ? {} : { totalBytes }), step, state, bytes, bytesPerSecond: bytesPerSecond(), startedAt: startedAt.toISOString() }),
  };
}
