import { known, uploadIdOf, wholePart, type CapabilityClaims, type UploadAsk, type UploadState } from '#libs/contracts';
import { Problem } from '#libs/domain';
import type { ByteSource, DataKey, UnfinishedData } from '#libs/stores';
import { deadAfterMs, finishUpload, orNotThere, type FinishParts } from './finish-upload.js';
import { idleLimit } from './idle-limit.js';
import { progressMeter } from './progress-meter.js';
import type { TransferParts } from './transfer-data.js';
import { reservedRoom } from './reserved-room.js';
import { partsLimits, type PartLimit } from './parts-limits.js';
import { turns } from './turns.js';
import { appendPart } from './upload-part.js';
import { newNote, uploadNotes, withPart, type UploadNote } from './upload-note.js';

export interface UploadParts extends Omit<FinishParts, 'notes' | 'unfinished'>, Pick<TransferParts, 'idleMs' | 'tellProgress' | 'askRoom'> {
  /** How long an upload waits for somebody to go on with it. */
  readonly expiryMs: number;
}

/** Uploads that can be resumed, where their bytes are. Every request but `append` is without a body. */
export interface Uploads {
  /** Does what the capability asks. Refuses: UploadNotResumable, UploadOffsetMismatch, UploadPaused, SizeMismatch, ImageTooLarge, LimitReached, ChecksumMismatch, TooManyParts, and what the image and the store refuse. */
  carryOut(claims: CapabilityClaims & Required<Pick<CapabilityClaims, 'upload'>>, body: ByteSource): Promise<UploadState>;
  /** Finishes what had all of its bytes when a process died. Never rejects. */
  finishAll(): Promise<void>;
  /** Whether somebody went on with an upload after this moment. */
  wasTouchedSince(key: DataKey, moment: Date): Promise<boolean>;
}

type Ask<Do extends UploadAsk['do']> = Extract<UploadAsk, { do: Do }>;
const mostParts = 128;

export const uploads = (parts: UploadParts): Uploads => (parts.store.unfinished ? resumableUploads(parts, parts.store.unfinished) : notResumable);

function resumableUploads(parts: UploadParts, unfinished: UnfinishedData): Uploads {
  const { store, clock, expiryMs } = parts;
  const notes = uploadNotes(unfinished);
  const finishing = new Map<string, Promise<void>>();
  const inTurn = turns();
  const limits = partsLimits();
  const finishParts: FinishParts = { ...parts, unfinished, notes };
  const keyOf = ({ imageId, attemptId }: Pick<CapabilityClaims, 'imageId' | 'attemptId'>): DataKey => ({ imageId, attemptId, storeId: store.id });
  const turnOf = ({ attemptId }: DataKey, part: string): string => `${attemptId}:${part}`;
  const paused = (): Problem => new Problem('UploadPaused');

  /** One at a time for an upload; who asks meanwhile waits for the same end. */
  function finish(key: DataKey, by: Pick<CapabilityClaims, 'requestId' | 'actor' | 'personal'>): Promise<void> {
    const running = finishing.get(key.attemptId) ?? finishUpload(finishParts, key, by).finally(() => { finishing.delete(key.attemptId); });
    finishing.set(key.attemptId, running);
    return running;
  }

  /** What has become the staging area's already, before the log was told, still is all of the upload. */
  async function sizesOf(key: DataKey): Promise<ReadonlyMap<string, number>> {
    const sizes = await unfinished.partsOf(key);
    const stored = sizes.has(wholePart) ? undefined : await store.sizeOf(key).catch(orNotThere);
    return stored === undefined ? sizes : new Map([...sizes, [wholePart, stored]]);
  }

  async function stateOf(key: DataKey, part: string): Promise<UploadState> {
    const note = await notes.read(key);
    const at = (await sizesOf(key)).get(part) ?? 0;
    const touchedAt = await unfinished.touchedAt(key) ?? clock();
    return { uploadId: uploadIdOf(key.attemptId, part), at, isStaged: false, ...note?.parts[part], expiresAt: new Date(touchedAt.getTime() + expiryMs).toISOString() };
  }

  /** The answer to a request that may have been the last one. */
  async function settled(key: DataKey, part: string, by: CapabilityClaims): Promise<UploadState> {
    const state = await stateOf(key, part);
    if (part !== wholePart || state.at !== state.totalBytes) return state;
    await finish(key, by);
    const { expiresAt: _, ...staged } = state;
    return { ...staged, isStaged: true };
  }

  async function open(claims: CapabilityClaims, ask: Ask<'open'>): Promise<UploadState> {
    const key = keyOf(claims);
    const { part, totalBytes = 0, then } = ask;
    const { limitBytes = 0, authorizedFor } = claims;
    if (totalBytes > limitBytes) throw new Problem('ImageTooLarge', { limitBytes });
    const send = parts.sender(claims);
    if (ask.isNew) {
      const declaredSizeBytes = part === wholePart ? ask.totalBytes : undefined;
      await send({ command: { type: 'StartImageStaging', attemptId: key.attemptId, storeId: store.id, isResumable: true, ...known({ declaredSizeBytes }) }, ...known({ authorizedFor }) });
    }
    try {
      await notes.change(key, (note = newNote(claims)) => {
        if (!note.parts[part] && Object.keys(note.parts).length >= mostParts) throw new Problem('TooManyParts', { limit: mostParts });
        return { ...withPart(note, part, known({ totalBytes: ask.totalBytes, metadata: ask.metadata })), ...known({ then }) };
      });
    } catch (error) {
      if (ask.isNew) await send({ command: { type: 'FailImageStaging', attemptId: key.attemptId, reason: 'store_failed' } });
      throw error;
    }
    await unfinished.touch(key, clock());
    return settled(key, part, claims);
  }

  async function append(claims: CapabilityClaims, ask: Ask<'append'>, body: ByteSource): Promise<UploadState> {
    const key = keyOf(claims);
    await finishing.get(key.attemptId);
    await inTurn.take(turnOf(key, ask.part), paused, async (signal) => {
      const note = await notes.change(key, (before = newNote(claims)) => withTotal(before, ask, key));
      if (note.isStaged === true || note.joins) throw new Problem('UploadNotFound', { imageId: key.imageId, uploadId: key.attemptId });
      const sizes = await sizesOf(key);
      const uploadOffset = sizes.get(ask.part) ?? 0;
      if (uploadOffset !== ask.at) throw new Problem('UploadOffsetMismatch', { given: ask.at, uploadOffset });
      if (uploadOffset === note.parts[ask.part]?.totalBytes) return;
      const limit = limits.watch(key.attemptId, ask.part, { sizes, limitBytes: claims.limitBytes ?? note.limitBytes });
      await take(key, { ...ask, ...known({ totalBytes: note.parts[ask.part]?.totalBytes }) }, { body, signal, limit });
    });
    return settled(key, ask.part, claims);
  }

  /** Takes the bytes of a part, under the limits of silence and size, and tells how far it is. */
  async function take(key: DataKey, { part, at, totalBytes, checksum }: Ask<'append'>, { body, signal, limit }: { body: ByteSource; signal: AbortSignal; limit: PartLimit }): Promise<void> {
    await unfinished.touch(key, clock());
    const idle = idleLimit(key.imageId, parts.idleMs);
    const hasRoom = reservedRoom(parts.askRoom, { attemptId: key.attemptId, resource: 'stageBytes' }, 0);
    const meter = progressMeter(parts.tellProgress, clock, key.imageId, { attemptId: key.attemptId, action: 'stage', storeId: store.id, ...known({ totalBytes: part === wholePart ? totalBytes : undefined }) });
    try {
      await appendPart(unfinished, key, body, {
        part, at, ...known({ totalBytes, checksum }), signal: AbortSignal.any([signal, idle.signal]),
        onProgress(sizeBytes) {
          idle.moved();
          const allBytes = limit.grow(sizeBytes);
          meter.moved(allBytes);
          return hasRoom(allBytes);
        },
      });
      meter.end('succeeded');
    } finally {
      idle.end();
      meter.end('failed');
      limit.end((await unfinished.partsOf(key)).get(part) ?? 0);
      await unfinished.touch(key, clock());
    }
  }

  async function tell(claims: CapabilityClaims, { part }: Ask<'tell'>): Promise<UploadState> {
    const key = keyOf(claims);
    await finishing.get(key.attemptId);
    await inTurn.take(turnOf(key, part), paused, async () => undefined);
    if (part !== wholePart && !(await notes.read(key))?.parts[part]) throw new Problem('UploadNotFound', { imageId: key.imageId, uploadId: uploadIdOf(key.attemptId, part) });
    return settled(key, part, claims);
  }

  async function join(claims: CapabilityClaims, ask: Ask<'join'>): Promise<UploadState> {
    const key = keyOf(claims);
    for (const part of ask.parts) await inTurn.take(turnOf(key, part), paused, async () => undefined);
    const sizes = await unfinished.partsOf(key);
    const note = await notes.change(key, (before = newNote(claims)) => {
      for (const part of ask.parts) refuseUnfinished(before, key, part, sizes.get(part) ?? 0);
      return { ...before, joins: ask.parts, ...known({ then: ask.then }) };
    });
    const totalBytes = ask.parts.reduce((sum, part) => sum + (sizes.get(part) ?? 0), 0);
    if (totalBytes > note.limitBytes) throw new Problem('ImageTooLarge', { limitBytes: note.limitBytes });
    await finish(key, claims);
    return { uploadId: key.attemptId, at: totalBytes, totalBytes, isStaged: true, ...known({ metadata: ask.metadata }) };
  }

  async function end(claims: CapabilityClaims, { part }: Ask<'end'>): Promise<UploadState> {
    const key = keyOf(claims);
    await finishing.get(key.attemptId)?.catch(() => {});
    await inTurn.take(turnOf(key, part), paused, async () => {
      if (part !== wholePart) await unfinished.removePart(key, part);
    });
    const note = await notes.read(key);
    const left = Object.keys(note?.parts ?? {}).filter((each) => each !== part);
    if (part !== wholePart && note && left.length > 0) {
      await notes.change(key, (before = note) => ({ ...before, parts: Object.fromEntries(Object.entries(before.parts).filter(([each]) => each !== part)) }));
    } else {
      const image = await parts.sender(claims)({ command: { type: 'FailImageStaging', attemptId: key.attemptId, reason: 'cancelled' } });
      await parts.removeData(key.imageId, image);
    }
    return { uploadId: uploadIdOf(key.attemptId, part), at: 0, isStaged: false };
  }

  return {
    async carryOut(claims, body) {
      const { ask } = claims.upload;
      switch (ask.do) {
        case 'open': return open(claims, ask);
        case 'append': return append(claims, ask, body);
        case 'tell': return tell(claims, ask);
        case 'join': return join(claims, ask);
        case 'end': return end(claims, ask);
      }
    },
    async finishAll() {
      for (const key of await unfinished.keys()) {
        try {
          const note = await notes.read(key);
          const touchedAt = await unfinished.touchedAt(key);
          if (touchedAt && clock().getTime() - touchedAt.getTime() < deadAfterMs) continue;
          if (note && isWhole(note, await sizesOf(key))) await finish(key, note.by);
        } catch (error) {
          parts.logger.warn({ err: error, image_id: key.imageId, attempt_id: key.attemptId }, 'an upload that is whole could not be finished; it will be tried again');
        }
      }
    },
    async wasTouchedSince(key, moment) {
      const touchedAt = await unfinished.touchedAt(key);
      return inTurn.isBusy(`${key.attemptId}:`) || finishing.has(key.attemptId) || (touchedAt !== undefined && touchedAt > moment);
    },
  };
}

const notResumable: Uploads = {
  carryOut: () => Promise.reject(new Problem('UploadNotResumable')),
  finishAll: () => Promise.resolve(),
  wasTouchedSince: () => Promise.resolve(false),
};

/** The size may be said late, but only once. Refuses: ContentRangeInvalid, ImageTooLarge, UploadNotFound. */
function withTotal(note: UploadNote, { part, totalBytes }: Ask<'append'>, { imageId, attemptId }: DataKey): UploadNote {
  if (part !== wholePart && !note.parts[part]) throw new Problem('UploadNotFound', { imageId, uploadId: uploadIdOf(attemptId, part) });
  const { totalBytes: announced } = note.parts[part] ?? {};
  if (totalBytes === undefined || totalBytes === announced) return note.parts[part] ? note : withPart(note, part, {});
  if (announced !== undefined) throw new Problem('ContentRangeInvalid', { given: `of ${totalBytes} bytes`, reason: `${announced} bytes were announced before` });
  if (totalBytes > note.limitBytes) throw new Problem('ImageTooLarge', { limitBytes: note.limitBytes });
  return withPart(note, part, { totalBytes });
}

function refuseUnfinished(note: UploadNote, { imageId, attemptId }: DataKey, part: string, sizeBytes: number): void {
  const noted = note.parts[part];
  if (!noted || part === wholePart) throw new Problem('UploadNotFound', { imageId, uploadId: uploadIdOf(attemptId, part) });
  if (noted.totalBytes !== sizeBytes) throw new Problem('SizeMismatch', { declaredBytes: noted.totalBytes ?? 0, receivedBytes: sizeBytes });
}

/** Whether nothing is missing: then it needs nobody who asks. */
function isWhole({ parts, joins, isStaged }: UploadNote, sizes: ReadonlyMap<string, number>): boolean {
  if (isStaged === true || joins) return true;
  const whole = parts[wholePart];
  return whole?.totalBytes !== undefined && (sizes.get(wholePart) ?? 0) === whole.totalBytes;
}
