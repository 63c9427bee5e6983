/** What is being done with an image's bytes. */
export const progressActions = ['upload', 'stage', 'import', 'copy', 'export'] as const;
export type ProgressAction = (typeof progressActions)[number];

/** `receiving`: bytes move; `converting`, `verifying`: what plugins of an import do to them; `storing`: all are there and become durable; `recording`: the log is told. */
export type ProgressStep = 'receiving' | 'converting' | 'verifying' | 'storing' | 'recording';

/**
 * `progress.<region>.<imageId>`: how far one transfer is, told a few times a second while it runs and once at its end, written nowhere.
 * It says nothing of who moves the bytes or where they come from: whoever may see the image may read it.
 */
export interface Progress {
  /** The attempt that the bytes belong to. */
  readonly attemptId: string;
  readonly action: ProgressAction;
  readonly step: ProgressStep;
  readonly state: 'running' | 'succeeded' | 'failed';
  readonly storeId: string;
  /** The import that it is a part of. */
  readonly importId?: string;
  readonly bytes: number;
  /** Absent where nobody said how many there will be. */
  readonly totalBytes?: number;
  /** Over the last few seconds. */
  readonly bytesPerSecond: number;
  /** ISO 8601. */
  readonly startedAt: string;
}

/** Tells whoever listens. Never throws and waits for nobody: where nobody can be told, the word is lost. */
export type TellProgress = (imageId: string, progress: Progress) => void;
