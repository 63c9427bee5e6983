import { setTimeout as pause } from 'node:timers/promises';

interface Report { readonly status: string; readonly checks: Readonly<Record<string, string>> }

/** What the catalog says where nothing but the event log keeps it from being ready; undefined where it is ready, or something else is missing. */
export const distrustOf = async (operationsPort: number): Promise<string | undefined> => distrustIn(await readiness(operationsPort));

function distrustIn(report: Report | undefined): string | undefined {
  const failing = Object.entries(report?.checks ?? {}).filter(([, result]) => result !== 'ok');
  const reason = failing.length === 1 ? report?.checks['event log'] : undefined;
  return reason?.includes('cannot be trusted') ? reason : undefined;
}

async function readiness(operationsPort: number): Promise<Report | undefined> {
  try {
    const response = await fetch(`http://127.0.0.1:${operationsPort}/readyz`, { signal: AbortSignal.timeout(3000) });
    return (await response.json()) as Report;
  } catch {
    return undefined;
  }
}

/** `words` are for the operator. */
export interface LogState { readonly isTrusted: boolean; readonly words: string }

export interface LogWatchOptions {
  readonly operationsPort: number;
  readonly dataDir: string;
  readonly signal: AbortSignal;
  /** Told at the first look, and then of every change of mind. */
  onChange(state: LogState): Promise<void>;
}

const intervalMs = 1000;

/**
 * Asks the catalog, for as long as it runs, whether it trusts the log. On a log that lost its tail everything stays up, because `log:repair` needs
 * NATS and PostgreSQL, and because reading needs no log; the catalog itself accepts changes again once the log is whole.
 */
export async function watchLog({ operationsPort, dataDir, signal, onChange }: LogWatchOptions): Promise<void> {
  for (let told: boolean | undefined; !signal.aborted; await pause(intervalMs, undefined, { signal }).catch(() => undefined)) {
    const report = await readiness(operationsPort);
    const distrust = distrustIn(report);
    const isTrusted = distrust === undefined ? report?.status === 'ok' || told : false;
    // While it says nothing, or something else is missing, the last word holds.
    if (isTrusted === told || isTrusted === undefined || signal.aborted) continue;
    await onChange({ isTrusted, words: distrust === undefined ? 'The event log is whole: changes are accepted.' : explanation(distrust, dataDir) });
    told = isTrusted;
  }
}

const explanation = (distrust: string, dataDir: string): string => [
  `NO CHANGE IS ACCEPTED: ${distrust.replace(/; run npm run log:repair$/, '')}.`,
  'Images can be listed, shown and downloaded; whatever would change one answers 503.',
  'Leave this running, and see in another terminal what was lost and what can be put back:',
  `  npm run log:repair -- --data ${dataDir}`,
  'It writes nothing without --apply. Once the log is whole, changes are accepted again without a restart.',
].join('\n');
