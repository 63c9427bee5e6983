/** The moments at which a kill test may stop a process; what each one proves is said where it is hit. */
export const crashPoints = [
  'before-append', 'after-append', 'before-projection-commit', 'after-projection-commit',
  'after-start', 'after-spool', 'after-conversion', 'after-store-commit', 'before-complete', 'before-reply', 'before-acknowledgement',
  'after-notification', 'after-audit',
] as const;
export type CrashPoint = (typeof crashPoints)[number];

let armed = armedBy(process.env['HELIOGRAPH_CRASH_AT']);

/** Does nothing, unless `HELIOGRAPH_CRASH_AT=<point>[:<nth>]` names this point: then the nth hit ends this process as kill -9 does. */
export function crashPoint(point: CrashPoint): void {
  if (armed?.point !== point) return;
  armed = { point, hitsLeft: armed.hitsLeft - 1 };
  if (armed.hitsLeft === 0) process.kill(process.pid, 'SIGKILL');
}

function armedBy(setting: string | undefined): { readonly point: CrashPoint; readonly hitsLeft: number } | undefined {
  if (!setting) return undefined;
  const [name, nth = '1'] = setting.split(':');
  const point = crashPoints.find((known) => known === name);
  if (!point || !/^[1-9]\d{0,8}$/.test(nth)) {
    throw new Error(`HELIOGRAPH_CRASH_AT is ${setting}; give one of ${crashPoints.join(', ')}, optionally with :<nth>`);
  }
  return { point, hitsLeft: Number(nth) };
}
