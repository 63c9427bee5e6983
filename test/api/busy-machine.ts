import { setTimeout as pause } from 'node:timers/promises';

/** What is refused with 503 and a time is asked again, as clients do, for twenty seconds: the machine is busy with other things, too. It is a fault where it stays so. */
export async function patiently<Told extends { readonly status: number }>(ask: () => Promise<Told>, retryAfterOf: (told: Told) => string | null): Promise<Told> {
  for (let triesLeft = 20; ; triesLeft -= 1) {
    const told = await ask();
    if (told.status !== 503 || retryAfterOf(told) === null || triesLeft === 0) return told;
    await pause(1000);
  }
}

/** What was logged as an error, but for what an operator is told of a database or server that did not answer in time. */
export const faultsIn = (logged: readonly string[]): string[] => logged.filter((line) => line.includes('"level":"error"') && !line.includes('"code":"Unavailable"'));
