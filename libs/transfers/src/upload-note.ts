import type { CapabilityClaims, UploadAsk, UploadNotes } from '#libs/contracts';
import type { DataKey, UnfinishedData } from '#libs/stores';

/** What must be known of an upload besides its bytes, to finish it when nobody asks any more. No name, no address, no credential. */
export interface UploadNote {
  readonly parts: Readonly<Record<string, UploadNotes>>;
  /** The parts that become the data, in their order, once somebody said so. */
  readonly joins?: readonly string[];
  /** What the data is for. */
  readonly then?: Extract<UploadAsk, { do: 'open' }>['then'];
  readonly limitBytes: number;
  readonly formats: NonNullable<CapabilityClaims['upload']>['formats'];
  readonly by: Pick<CapabilityClaims, 'requestId' | 'actor' | 'authorizedFor'>;
  /** The log knows that all of it is staged. */
  readonly isStaged?: boolean;
}

/** The note as one who has this capability begins it. */
export const newNote = ({ limitBytes = 0, upload, requestId, actor, authorizedFor }: CapabilityClaims): UploadNote => ({
  parts: {}, limitBytes, formats: upload?.formats ?? { diskFormat: null, containerFormat: null }, by: { requestId, actor, ...(authorizedFor ? { authorizedFor } : {}) },
});

/** The notes of uploads. Changes of one note wait for each other. */
export function uploadNotes(unfinished: UnfinishedData) {
  const changing = new Map<string, Promise<unknown>>();

  async function read(key: DataKey): Promise<UploadNote | undefined> {
    const text = await unfinished.noted(key);
    return text === undefined ? undefined : JSON.parse(text) as UploadNote;
  }

  async function change(key: DataKey, to: (note: UploadNote | undefined) => UploadNote): Promise<UploadNote> {
    const before = changing.get(key.attemptId) ?? Promise.resolve();
    const mine = before.then(async () => {
      const known = await read(key);
      const note = to(known);
      if (JSON.stringify(note) !== JSON.stringify(known)) await unfinished.note(key, JSON.stringify(note));
      return note;
    });
    const settled = mine.catch(() => {});
    changing.set(key.attemptId, settled);
    try {
      return await mine;
    } finally {
      if (changing.get(key.attemptId) === settled) changing.delete(key.attemptId);
    }
  }

  return { read, change };
}
export type UploadNoteBook = ReturnType<typeof uploadNotes>;

/** The part as it is noted, with what a later request made known of it. */
export const withPart = (note: UploadNote, part: string, known: UploadNotes): UploadNote => ({
  ...note, parts: { ...note.parts, [part]: { ...note.parts[part], ...known } },
});
