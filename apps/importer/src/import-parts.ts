import type { ImageCommandMessage, TellProgress } from '#libs/contracts';
import type { Image, ImageCommand, ImageState } from '#libs/domain';
import type { Tracing } from '#libs/platform';
import type { OsHashAlgo, Stores } from '#libs/stores';
import type { AskRoom, FormatRules, SizeLimits } from '#libs/transfers';
import type { CopyOut } from './copy-out.js';
import type { OpenTarget } from './export-store.js';
import type { Plugin } from './plugins/prepare.js';
import type { WorkRoom } from './plugins/work-room.js';
import type { OpenSource } from './sources.js';

export interface ImportParts {
  readonly stores: Stores;
  readonly openSource: OpenSource;
  /** What is done to the bytes on their way in. */
  readonly plugins: readonly Plugin[];
  /** What makes another disk format of the bytes, where that is what was asked for. Throws for a format that the operator does not offer. */
  readonly conversionTo: (diskFormat: string) => Plugin;
  /** What copies to other regions are made by. */
  readonly copyOut: CopyOut;
  /** Where an export goes. */
  readonly exportTarget: OpenTarget;
  /** Where plugins have files. */
  readonly work: Pick<WorkRoom, 'open'>;
  readonly osHashAlgo: OsHashAlgo;
  readonly limitBytes: SizeLimits;
  /** What an image may have as its data. */
  readonly formats: FormatRules;
  /** For how long no byte may move. */
  readonly idleMs: number;
  /** How often the log is asked whether the import is still wanted while its bytes move. */
  readonly watchMs: number;
  /** How many stores of one import are filled side by side, once one of them has the data. */
  readonly parallelStores: number;
  readonly tracing: Pick<Tracing, 'inSpan'>;
  readonly tellProgress: TellProgress;
  readonly askRoom: AskRoom;
  readonly clock: () => Date;
  imageFromLeader(imageId: string): Promise<ImageState>;
  /** Sends a command until it is answered; rejects with what the catalog refuses. */
  send(message: ImageCommandMessage): Promise<Image>;
  /** Told what nobody refused and yet went wrong. */
  onFault(error: unknown, request: RequestedImport): void;
}

export interface RequestedImport {
  readonly imageId: string;
  readonly importId: string;
  /** The command and the request that asked for it. */
  readonly causationId: string;
  readonly requestId: string;
}

export type Send = (command: ImageCommand, step: string) => Promise<Image>;

/** One run of an import by one process. */
export interface Run {
  readonly request: RequestedImport;
  readonly parts: ImportParts;
  readonly send: Send;
  /** Why the import cannot succeed, as far as this run knows. */
  reason: string;
}
