import type { AttemptFate, AttemptsAnswer, AttemptsQuestion, StagedAnswer, StagedQuestion } from '#libs/contracts';
import { Problem, type Image, type ImageCommand } from '#libs/domain';
import type { DataKey, Store, StoredThing } from '#libs/stores';

/**
 * What becomes of bytes in the staging area:
 * `arriving`, `waiting`, `importing`: somebody needs them. `expired`: nobody imported them in time. `over`: the log has given them up.
 * `orphaned`: the image has no such attempt, so nothing can refer to them. `unknown`: this region's log has no such image.
 * `unreadable`: the log does not tell. `foreign`: no bytes of ours.
 */
export const stagedFates = ['arriving', 'waiting', 'importing', 'expired', 'over', 'orphaned', 'unknown', 'unreadable', 'foreign'] as const;
export type StagedFate = (typeof stagedFates)[number];

export interface Swept extends Pick<StoredThing, 'name' | 'sizeBytes'> {
  readonly fate: StagedFate;
  /** Until when it waits for somebody to import it. */
  readonly waitsUntil?: Date;
  readonly done: 'kept' | 'removed' | 'to be removed' | 'not removed';
  /** Why it could not be removed. */
  readonly error?: unknown;
}

export interface StagingSweepParts {
  readonly store: Store;
  readonly expiryMs: number;
  clock(): Date;
  /** Whether an upload is being gone on with, or was after this moment; by default what the area itself tells. */
  wasTouchedSince?(key: DataKey, since: Date): Promise<boolean>;
  askStaged(question: StagedQuestion): Promise<StagedAnswer>;
  askAttempts(question: AttemptsQuestion): Promise<AttemptsAnswer>;
  /** Sends a command in the service's own name. */
  send(imageId: string, command: ImageCommand): Promise<Image>;
}

export interface StagingSweepOptions {
  /** Tells what would be done, and does nothing. */
  readonly isDryRun?: boolean;
  /** Removes also what no image of this log belongs to, which another region's staging area may. */
  readonly removesUnknown?: boolean;
}

const atOnce = 100;

/**
 * One sweep of the staging area: expires what waited too long, also where its bytes cannot be seen from here, then looks at every file and
 * removes what the log's leader says nobody can need. It lists first and asks afterwards, so that bytes which have just begun to arrive are
 * known to the log by then. Yields what it found. Rejects where the log or the store cannot be read; a repetition harms nothing.
 */
export async function* sweepStaging(parts: StagingSweepParts, options: StagingSweepOptions = {}): AsyncGenerator<Swept, void, undefined> {
  if (!options.isDryRun) await expire(parts);
  for await (const things of inBatches(parts.store)) {
    const ours = things.flatMap(({ key }) => key ?? []);
    const { attempts } = ours.length === 0 ? { attempts: [] } : await parts.askAttempts({ attempts: ours.map(({ imageId, attemptId }) => ({ imageId, attemptId })) });
    for (const thing of things) {
      const fate = thing.key && attempts[ours.indexOf(thing.key)];
      yield await dealWith(thing, fate, parts, options);
    }
  }
}

/** Bytes go afterwards, as those of any attempt that is over. */
async function expire(parts: StagingSweepParts): Promise<void> {
  const { askStaged, send, clock, expiryMs } = parts;
  const since = new Date(clock().getTime() - expiryMs);
  const { staged, uploads } = await askStaged({ unchangedSince: since.toISOString(), limit: 500 });
  const untouched = await Promise.all(uploads.map(async (upload) => (await wasTouchedSince(parts, upload, since) ? [] : [upload])));
  const ends = [
    ...staged.map(({ imageId, attemptId }) => ({ imageId, command: { type: 'ExpireStagedData', attemptId } as const })),
    ...untouched.flat().map(({ imageId, attemptId }) => ({ imageId, command: { type: 'FailImageStaging', attemptId, reason: 'expired' } as const })),
  ];
  for (const { imageId, command } of ends) {
    try {
      await send(imageId, command);
    } catch (error) {
      // Deleted meanwhile: then it is over anyway.
      if (!(error instanceof Problem && error.code === 'ImageNotFound')) throw error;
    }
  }
}

/** Whether somebody went on with an upload: a service knows better than the area itself. */
async function wasTouchedSince({ store, wasTouchedSince: isKnownTouched }: StagingSweepParts, { imageId, attemptId }: Pick<DataKey, 'imageId' | 'attemptId'>, since: Date): Promise<boolean> {
  const key = { imageId, attemptId, storeId: store.id };
  if (isKnownTouched) return isKnownTouched(key, since);
  const touchedAt = await store.unfinished?.touchedAt(key);
  return touchedAt !== undefined && touchedAt > since;
}

async function* inBatches({ list, id }: Store): AsyncGenerator<StoredThing[], void, undefined> {
  if (!list) return;
  let batch: StoredThing[] = [];
  for await (const thing of list()) {
    batch.push(thing.key?.storeId === id ? thing : { name: thing.name, sizeBytes: thing.sizeBytes });
    if (batch.length < atOnce) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

async function dealWith({ name, sizeBytes, key }: StoredThing, known: AttemptFate | undefined, parts: StagingSweepParts, options: StagingSweepOptions): Promise<Swept> {
  const judged = judge(known, parts);
  const told = { name, sizeBytes, ...judged };
  const isToGo = removable.has(judged.fate) || (judged.fate === 'unknown' && options.removesUnknown === true);
  if (!isToGo || !key) return { ...told, done: 'kept' };
  if (options.isDryRun) return { ...told, done: 'to be removed' };
  try {
    await remove(key, judged.fate, parts);
    return { ...told, done: 'removed' };
  } catch (error) {
    return { ...told, done: 'not removed', error };
  }
}

const removable: ReadonlySet<StagedFate> = new Set(['expired', 'over', 'orphaned']);

async function remove(key: DataKey, fate: StagedFate, { store, send }: StagingSweepParts): Promise<void> {
  const { imageId, attemptId } = key;
  if (fate === 'expired') {
    const { attempts } = await send(imageId, { type: 'ExpireStagedData', attemptId });
    if (!attempts.some((attempt) => attempt.attemptId === attemptId && attempt.state === 'over')) throw new Problem('ImportInProgress', { imageId, importId: '' });
  }
  await store.remove(key);
  if (fate === 'expired' || fate === 'over') await send(imageId, { type: 'RecordImageDataRemoved', attemptId });
}

function judge(known: AttemptFate | undefined, { clock, expiryMs }: StagingSweepParts): Pick<Swept, 'fate' | 'waitsUntil'> {
  if (!known) return { fate: 'foreign' };
  if (known.state !== 'staged') return { fate: fates[known.state] };
  if (known.isImporting) return { fate: 'importing' };
  const waitsUntil = new Date(new Date(known.unchangedSince).getTime() + expiryMs);
  return { fate: waitsUntil <= clock() ? 'expired' : 'waiting', waitsUntil };
}

/** A stored attempt lies in another store; one that were to lie here would be an image's data, and stays. */
const fates: Readonly<Record<Exclude<AttemptFate['state'], 'staged'>, StagedFate>> = {
  open: 'arriving', stored: 'waiting', over: 'over', gone: 'orphaned', unknown: 'unknown', unreadable: 'unreadable',
};
