export interface Doorbell {
  ring(): void;
  /** Resolves at the next ring, but not before `atLeastMs` and not after `atMostMs`. */
  within(atMostMs: number, atLeastMs?: number): Promise<void>;
}

/** Wakes whoever waits; a ring while nobody waits is heard by the next. */
export function doorbell(): Doorbell {
  let isRung = false;
  let wake = (): void => {};
  return {
    ring() {
      isRung = true;
      wake();
    },
    async within(atMostMs, atLeastMs = 0) {
      if (atLeastMs > 0) await new Promise((resolve) => { setTimeout(resolve, atLeastMs); });
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.max(0, atMostMs - atLeastMs));
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
        if (isRung) wake();
      });
      isRung = false;
      wake = () => {};
    },
  };
}
