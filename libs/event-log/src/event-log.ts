/**
 * The log of a region: one stream, one subject an aggregate, one message a commit, in one order.
 *
 * Every driver promises: an append that was acknowledged is durable; of two appends that expect the same last sequence
 * of a subject at most one succeeds; `follow` hands out every message exactly once, in order, without a gap;
 * a sequence is never given out twice, unless the log itself lost its tail, which `LogGuard` detects.
 * Drivers: `jetstream.ts`, and `memory.ts` for tests. `event-log.suite.ts` holds them to it.
 */
export interface EventLog {
  /**
   * Appends one message. `expectedLastSequence` is the sequence of the last message of the same subject, 0 for none.
   * Throws `WrongExpectedSequence` where another message came first or is just coming; `Problem('LogFull')`; `Problem('Unavailable')` where it is
   * unknown whether the append happened: repeat it with the same bytes and expectation, and look for the command id.
   */
  append(subject: string, bytes: Uint8Array, options: AppendOptions): Promise<{ readonly sequence: number }>;

  /** The messages of one subject after a sequence, oldest first. `consistent` asks the stream's leader and sees every acknowledged append. */
  read(subject: string, options?: { readonly after?: number; readonly consistent?: boolean }): Promise<Stored[]>;

  /** One message by its sequence, from the leader; undefined where there is none. */
  at(sequence: number): Promise<Stored | undefined>;

  /**
   * Hands batches of up to `batchSize` messages to `onBatch`, one batch at a time, from the first message after `after` on and then
   * as they come, until `signal` aborts (then it resolves). Survives broken connections. Rejects where `onBatch` rejects.
   */
  follow(options: FollowOptions, onBatch: (batch: readonly Stored[]) => Promise<void>): Promise<void>;

  /** Which log this is and how far it goes. */
  extent(): Promise<LogExtent>;
}

/** As W3C names it; it stands beside a message, never in it. */
export const traceHeader = 'traceparent';

export interface AppendOptions {
  readonly expectedLastSequence: number;
  /** `<aggregate id>:<command id>`; a convenience for de-duplication, never the guarantee. */
  readonly messageId: string;
  /** The trace it belongs to: goes beside the message as a header, and is nothing that anybody may rely on. */
  readonly traceparent?: string;
}

export interface Stored {
  readonly sequence: number;
  readonly subject: string;
  readonly bytes: Uint8Array;
  /** The trace of whoever appended it, where it is known: only who shares work learns it. */
  readonly traceparent?: string;
}

export interface FollowOptions {
  readonly after: number;
  readonly batchSize: number;
  readonly signal: AbortSignal;
}

export interface LogExtent {
  /** When the stream was created, as its server says it: another value is another log. */
  readonly createdAt: string;
  readonly firstSequence: number;
  /** 0 for an empty log. */
  readonly lastSequence: number;
}

/** The subject's last message is not the expected one: somebody else's commit came first. Read again and decide again. */
export class WrongExpectedSequence extends Error {
  override readonly name = 'WrongExpectedSequence';
  constructor(readonly subject: string, readonly expected: number) {
    super(`${subject} has moved on from sequence ${expected}`);
  }
}
