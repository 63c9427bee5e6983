import { setTimeout as delay } from 'node:timers/promises';
import { Gauge, type Registry } from 'prom-client';

export interface MeasuredGauge {
  readonly help: string;
  /** What tells its values apart, where it has several. */
  readonly label?: string;
}

/** A measurement's results: one number, or one for each value of the label. */
export type Measured<Name extends string> = Readonly<Record<Name, number | Readonly<Record<string, number>>>>;

/**
 * Gauges whose values are asked for when somebody reads the metrics: one measurement fills all of them. Where it fails or takes longer than
 * `patienceMs` they are absent: an old value would look like a good one, and the other metrics must be readable all the same.
 */
export function measuredGauges<Name extends string>(registry: Registry, gauges: Readonly<Record<Name, MeasuredGauge>>, measure: () => Promise<Measured<Name>>, patienceMs = 2000): void {
  let under: Promise<Measured<Name> | undefined> | undefined;
  // All gauges of one reading share one measurement.
  const measured = (): Promise<Measured<Name> | undefined> => {
    under ??= inTime(measure, patienceMs).finally(() => { under = undefined; });
    return under;
  };
  for (const name of Object.keys(gauges) as Name[]) {
    const { help, label } = gauges[name];
    new Gauge({
      name: `heliograph_${name}`, help, labelNames: label === undefined ? [] : [label], registers: [registry],
      async collect() {
        const value = (await measured())?.[name];
        if (label === undefined) this.remove();
        else this.reset();
        if (typeof value === 'number') this.set(value);
        else for (const [key, each] of Object.entries(value ?? {})) this.set({ [String(label)]: key }, each);
      },
    });
  }
}

async function inTime<Result>(measure: () => Promise<Result>, patienceMs: number): Promise<Result | undefined> {
  const done = new AbortController();
  const timeUp = delay(patienceMs, undefined, { signal: done.signal }).catch(() => undefined);
  try {
    return await Promise.race([measure().catch(() => undefined), timeUp]);
  } finally {
    done.abort();
  }
}
