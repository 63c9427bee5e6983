import type { Problem } from '#libs/domain';
import type { Answer } from './answer.js';
import type { Reach } from './pinned-connection.js';
import type { Hop } from './redirects.js';

export interface DownloadOptions extends Reach {
  /** Sent to the origin of the URI alone, a token for example; redirects to other origins go without them. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Ends the download at once with the signal's reason. */
  readonly signal?: AbortSignal;
  /** The most that may arrive; one byte more, announced or sent, is ImageTooLarge. */
  readonly limitBytes: number;
  /** What it has to be, where that is known from elsewhere. */
  readonly expectedSizeBytes?: number;
  /** How long a host may take from the look-up of its name to the end of its headers. 30 s. */
  readonly answerTimeoutMs?: number;
  /** How long the link may be silent while we wait for bytes; a slow reader does not count. 30 s. */
  readonly idleTimeoutMs?: number;
  readonly totalTimeoutMs: number;
  /** How many failures in a row are forgiven. One that comes after another megabyte starts a new row. 5. */
  readonly retries?: number;
  /** 5; 0 where a redirect is a refusal. */
  readonly maxRedirects?: number;
  /** Begins behind so many bytes, which somebody has already. Counts what is received from the start of the file all the same. */
  readonly startAt?: number;
  /** The bytes behind the URI never change, as an image's data: a broken link is taken up again also where the server gives no ETag. */
  readonly isImmutable?: boolean;
  /** What an answer that brings no bytes means; undefined where there is nothing better to say than its status. It is final. */
  readonly refusalOf?: (answer: Answer) => Problem | undefined;
  readonly onHop?: (hop: Hop) => void;
  readonly onReceived?: (received: Received) => void;
  /** Waits between two attempts, `waitMs` long at most. */
  readonly pause?: (waitMs: number, signal: AbortSignal) => Promise<unknown>;
  readonly clock?: () => Date;
}

/** How far a download is. */
export interface Received {
  /** Which connection brought it, from 1. */
  readonly attempt: number;
  readonly attemptBytes: number;
  readonly receivedBytes: number;
}
