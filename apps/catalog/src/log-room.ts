import { Problem, type ImageCommand, type MetadefCommand } from '#libs/domain';

type CommandType = ImageCommand['type'] | MetadefCommand['type'];

export interface LogRoomOptions {
  /** What is free on the disk that holds the log. */
  freeBytes(): Promise<number>;
  readonly reserveBytes: number;
  /** Told when the reserve is reached, and when there is room again. */
  onChange(hasRoom: boolean): void;
  clock(): Date;
}

/**
 * Stops changes before the disk of the log is full to the last byte: a NATS server that meets a full disk acknowledges nothing, says nothing to the one
 * who asks, and writes nothing more until it is restarted. Looks again after a second at the earliest.
 */
export interface LogRoom {
  /** Refuses: LogFull. Never for commands that make room, or end what was begun. */
  ensure(command: CommandType): Promise<void>;
}

const lookEveryMs = 1000;
const alwaysAccepted: ReadonlySet<CommandType> = new Set<CommandType>([
  'DeleteMetadefNamespace', 'EndNamespaceRename', 'DeleteImage', 'DropImageData', 'ExpireStagedData', 'RecordImageDataRemoved',
  'CompleteImageDataUpload', 'FailImageDataUpload', 'CompleteImageStaging', 'FailImageStaging',
  'CompleteStoreImport', 'FailStoreImport', 'FinishImport', 'FailImport',
]);

export function createLogRoom({ freeBytes, reserveBytes, onChange, clock }: LogRoomOptions): LogRoom {
  let hasRoom = true;
  let lookedAt = -Infinity;

  async function look(): Promise<void> {
    const now = clock().getTime();
    if (now - lookedAt < lookEveryMs) return;
    lookedAt = now;
    // Where the disk cannot be asked, nothing is known against it: the log's server will tell.
    const found = await freeBytes().then((free) => free >= reserveBytes, () => true);
    if (found !== hasRoom) onChange(found);
    hasRoom = found;
  }

  return {
    async ensure(command) {
      await look();
      if (!hasRoom && !alwaysAccepted.has(command)) throw new Problem('LogFull');
    },
  };
}

/** Where nobody was told the disk of the log. */
export const unknownRoom: LogRoom = { ensure: () => Promise.resolve() };
