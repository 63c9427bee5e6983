import type { Child } from '#libs/embedded';

/** DIR/heliograph.json: what runs, for `npm stop`, for the next start, and for tests. */
export interface Running {
  readonly pid: number;
  readonly isReady: boolean;
  readonly region: string;
  readonly endpoint: string;
  readonly identityUrl: string;
  readonly natsUrl: string;
  readonly processes: Record<string, RunningProcess>;
}

export interface RunningProcess {
  readonly pid: number;
  /** Stands in the command line of this process and of no other program. */
  readonly mark: string;
  readonly operationsPort?: number;
  readonly logFile: string;
}

/** A process of this start, and how to bring it back. */
export interface Part {
  readonly name: string;
  readonly mark: string;
  readonly logFile: string;
  readonly operationsPort?: number;
  readonly stopWithinMs: number;
  child: Child;
  startAgain(): Promise<Child>;
}
