import { Problem } from '#libs/domain';
import type { Logger } from '#libs/platform';
import { sweepStaging, type StagingSweepParts } from '#libs/transfers';
import { SweepTotals } from './sweep-report.js';

/** The service's own sweep, in a line of its log: quiet where there was nothing to do, loud about what a person should look at. */
export const sweepPass = (parts: StagingSweepParts, logger: Pick<Logger, 'info' | 'warn'>) => async (): Promise<void> => {
  const totals = new SweepTotals();
  try {
    for await (const swept of sweepStaging(parts)) {
      totals.add(swept);
      if (swept.done === 'not removed') logger.warn({ err: swept.error, file: swept.name }, 'bytes could not be removed; they will be tried again');
    }
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    logger.warn({ err: error }, 'the staging area could not be looked through; trying again later');
  }
  if (totals.of('removed').things > 0) logger.info({ removed: totals.of('removed') }, `the staging area was swept: ${totals.summary()}`);
  const odd = totals.of('unknown').things + totals.of('foreign').things + totals.of('unreadable').things;
  if (odd > 0) logger.warn({ odd }, 'the staging area holds what no image of this region can be said to need; npm run staging:sweep -- --dry-run names it');
};
