import { Cron } from 'croner';
import { Problem } from '#libs/domain';

/** A cron expression of five fields, in UTC. Refuses: InvalidRequest. */
export function readSchedule(text: string): Cron {
  try {
    return new Cron(text, { paused: true, mode: '5-part', timezone: 'Etc/UTC' });
  } catch (cause) {
    const reason = (cause instanceof Error ? cause.message : String(cause)).replace(/^CronPattern: /, '');
    throw new Problem('InvalidRequest', { detail: `The schedule is none that can be followed (${reason}). It is minute, hour, day of month, month and day of week, as 0 3 * * *.` }, { cause });
  }
}

/** The latest moment of a schedule after one moment and not after another; undefined where none lies there. Looks back over a day at most: what is older is made good by the next. */
export function lastDue(text: string, after: Date, now: Date): Date | undefined {
  const schedule = readSchedule(text);
  const from = new Date(Math.max(after.getTime(), now.getTime() - lookBackMs));
  let due: Date | undefined;
  for (let next = schedule.nextRun(from); next !== null && next <= now; next = schedule.nextRun(next)) due = next;
  return due;
}

const lookBackMs = 24 * 60 * 60 * 1000;
