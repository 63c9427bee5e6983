import { Problem } from '#libs/domain';
import { openEventStream } from '../edge/open-event-stream.js';
import type { Reply, Request } from '../edge/request.js';
import { wantsEvents } from '../edge/wants-events.js';
import { streamProgress } from './progress-stream.js';
import type { ProgressRoom } from './progress.room.js';
import { progressView } from './progress.view.js';

export interface AskedProgress {
  readonly request: Request;
  readonly reply: Reply;
  readonly imageId: string;
  /** Looks again whether the listener may still see it: refuses with a code of 404 once he may not. */
  look(): Promise<unknown>;
}

/** Answers how far the transfers of an image are: once, or with Accept: text/event-stream as they move. Refuses: TooManyListeners, ListenersFull. */
export async function showProgress({ board, seats, times, stop }: ProgressRoom, asked: AskedProgress): Promise<void> {
  const { request, reply, imageId } = asked;
  if (!wantsEvents(request)) return void reply.header('cache-control', 'no-store').send(progressView(board.of(imageId)));
  const leave = seats.take(request.caller.projectId ?? '');
  try {
    const response = openEventStream(reply);
    await streamProgress({ board, imageId, response, times, stop, mayStillSee: () => mayStillSee(asked) });
  } finally {
    leave();
  }
}

/** A token that expired, or an image that was hidden, unshared or deleted, ends what was begun in its name. */
async function mayStillSee({ request, look }: AskedProgress): Promise<boolean> {
  if (request.caller.expiresAt.getTime() <= Date.now()) return false;
  try {
    await look();
    return true;
  } catch (error) {
    if (error instanceof Problem) return error.code !== 'ImageNotFound' && error.code !== 'ActionNotFound';
    throw error;
  }
}
