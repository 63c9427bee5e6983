import type { Finding } from '#libs/event-log';

/** What verification found, as a line for the operator. */
export function faultLine({ kind, sequence, subject, version, detail }: Finding): string {
  const where = [`sequence ${sequence}`, ...(subject === undefined ? [] : [subject]), ...(version === undefined ? [] : [`version ${version}`])];
  return `FAULT ${kind} at ${where.join(', ')}: ${detail}`;
}

/** Says how far something is, once a second at most. */
export function nowAndThen(say: (line: string) => void): (line: string) => void {
  let saidAt = performance.now();
  return (line) => {
    if (performance.now() - saidAt < 1000) return;
    saidAt = performance.now();
    say(line);
  };
}
