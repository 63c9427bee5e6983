import type { ImageDataFacts, ImageEvent, Visibility } from '#libs/domain';

export const attemptId = '00000000-0000-4000-8000-0000000000a1';
export const otherAttemptId = '00000000-0000-4000-8000-0000000000a2';

/** What a stored image of twelve bytes is known by. */
export const someData: ImageDataFacts = {
  sizeBytes: 12, checksum: '0'.repeat(32), osHashAlgo: 'sha512', osHashValue: '0'.repeat(128),
};

interface ImageToBuild {
  readonly status?: 'queued' | 'saving' | 'active' | 'deactivated' | 'deleted';
  readonly visibility?: Visibility;
  readonly owner?: string;
  readonly name?: string;
  readonly isProtected?: boolean;
  readonly tags?: readonly string[];
  readonly properties?: Readonly<Record<string, string>>;
  readonly formats?: 'set' | 'missing';
}

/** The history of an image in the wanted status: a list of events, never a row. */
export function anImage({ status = 'queued', formats = 'set', ...given }: ImageToBuild = {}): ImageEvent[] {
  const created: ImageEvent = {
    type: 'ImageCreated',
    data: {
      owner: 'owner', visibility: 'shared', tags: [], properties: {}, isProtected: false, isHidden: false, minDisk: 0, minRam: 0,
      ...given,
      ...(formats === 'set' ? { diskFormat: 'raw', containerFormat: 'bare' } : {}),
    },
  };
  return [created, ...historyTo[status]];
}

const started: ImageEvent = { type: 'ImageDataUploadStarted', data: { attemptId, storeId: 'fast' } };
const activated: ImageEvent[] = [
  started,
  { type: 'ImageDataStored', data: { attemptId, storeId: 'fast', ...someData } },
  { type: 'ImageActivated', data: {} },
];
const historyTo: Record<NonNullable<ImageToBuild['status']>, ImageEvent[]> = {
  queued: [],
  saving: [started],
  active: activated,
  deactivated: [...activated, { type: 'ImageDeactivated', data: {} }],
  deleted: [...activated, { type: 'ImageDeleted', data: {} }],
};
