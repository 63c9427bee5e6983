import type { Child } from '#libs/embedded';

/** DIR/heliograph.json: what runs, for `npm stop`, for the next start, and for tests. */
export interface Running extends RunningRegion {
  readonly pid: number;
  readonly isReady: boolean;
  readonly identityUrl: string;
  /** All of them; the first is told above, too. */
  readonly regions: readonly RunningRegion[];
  readonly processes: Record<string, RunningProcess>;
}

export interface RunningRegion {
  readonly region: string;
  readonly endpoint: string;
  readonly natsUrl: string;
  readonly dataDir: string;
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
  /** With two regions its region stands before it: `RegionTwo catalog`. */
  readonly name: string;
  /** Services are stopped first, and catalogs after those that ask them. */
  readonly kind: 'service' | 'catalog' | 'foundation';
  readonly mark: string;
  readonly logFile: string;
  readonly operationsPort?: number;
  readonly stopWithinMs: number;
  child: Child;
  startAgain(): Promise<Child>;
}
