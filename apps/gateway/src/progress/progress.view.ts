import { moment } from '#libs/contracts';
import type { Told } from './progress-board.js';

/** The transfers of one image, as polling and every event of the stream show them. Ours; Glance has no such thing. */
export const progressView = (told: readonly Told[]): object => ({ progress: told.map(transferView) });

function transferView({ progress, heardAt }: Told): object {
  const { attemptId, action, step, state, storeId, importId = null, bytes, totalBytes = null, bytesPerSecond, startedAt } = progress;
  return {
    id: attemptId,
    action,
    step,
    state,
    // The staging area and its like are nobody's store.
    store: storeId.startsWith('os_glance_') ? null : storeId,
    task_id: importId,
    bytes,
    total_bytes: totalBytes,
    bytes_per_second: bytesPerSecond,
    seconds_left: state === 'running' ? secondsLeft(bytes, totalBytes, bytesPerSecond) : 0,
    started_at: moment(new Date(startedAt)),
    updated_at: moment(heardAt),
  };
}

/** Null where it cannot be known: the size was not announced, or nothing moves. */
function secondsLeft(bytes: number, totalBytes: number | null, bytesPerSecond: number): number | null {
  if (totalBytes === null) return null;
  if (totalBytes <= bytes) return 0;
  return bytesPerSecond === 0 ? null : Math.ceil((totalBytes - bytes) / bytesPerSecond);
}
