import { setImmediate as nextTurn } from 'node:timers/promises';
import { isLowerUuid } from '#libs/contracts';
import { copiedText } from './copy-rows.js';
import { groupByToken } from './grouped-commits.js';
import { noChanges, projectImage, startsImage, type Changes, type Placed } from './image.projection.js';
import { addChanges, copiedImages, placed } from './image.writer.js';
import type { LogMessage } from './log-message.js';
import { summedUsage } from './usage.row.js';

/** What the images that begin in a batch are after it. */
export interface FreshImages {
  readonly ids: readonly string[];
  /** Their rows, as COPY takes them. */
  readonly rows: readonly Uint8Array[];
  /** Everything else that is written of them. */
  readonly changes: Changes;
  /** The commits of all other images, by image. */
  readonly others: ReadonlyMap<string, readonly Placed[]>;
}

/** After so many others have a turn: PostgreSQL's answers to the batch before, above all. */
const imagesInOneTurn = 250;

/**
 * Folds what begins in a batch one image after the other, and keeps of each nothing but what is written: commits, images and rows of a whole batch would live long
 * enough for V8 to move them about, which costs as much as to decode them. That nothing is known of these images is for the writer to find out. It needs no database, and what it makes
 * can be sent to another thread.
 */
export async function foldFresh(batch: readonly LogMessage[]): Promise<FreshImages> {
  const byImage = groupByToken(batch, 'image', (imageId, message) => (isLowerUuid(imageId) ? message : undefined));
  const fresh = { ids: [] as string[], rows: [] as Uint8Array[], changes: noChanges(), others: new Map<string, readonly Placed[]>() };
  let text = '';
  let inThisTurn = 0;
  for (const [imageId, messages] of byImage) {
    text += fold(imageId, messages.map((message) => placed(imageId, message)), fresh);
    inThisTurn += 1;
    if (inThisTurn < imagesInOneTurn) continue;
    fresh.rows.push(Buffer.from(text));
    [text, inThisTurn] = ['', 0];
    await nextTurn();
  }
  fresh.rows.push(Buffer.from(text));
  // A row a project, of no image of its own: thousands of them would go from thread to thread.
  fresh.changes.usage = summedUsage(fresh.changes.usage).map((sum) => ({ image_id: '', ...sum }));
  return fresh;
}

/** The rows of one image as text, where it has any; what COPY cannot bring as it is goes to the others. */
function fold(imageId: string, commits: readonly Placed[], { ids, changes, others }: { readonly ids: string[]; readonly changes: Changes; readonly others: Map<string, readonly Placed[]> }): string {
  const own = startsImage(commits[0]) ? projectImage(imageId, undefined, commits).changes : undefined;
  const text = own && copiedText(own.images, copiedImages);
  if (!own || text === undefined) {
    others.set(imageId, commits);
    return '';
  }
  ids.push(imageId);
  // What ends a reservation is of no use: a catalogue that is rebuilt has none.
  addChanges(changes, { ...own, images: [], released: [] });
  return text;
}
