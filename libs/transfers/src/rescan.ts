import type { StoredAnswer, StoredImage, StoredQuestion } from '#libs/contracts';
import { isSameInspection, Problem, type DataInspection, type Image, type ImageCommand } from '#libs/domain';
import { isInspected, judge, startInspection } from '#libs/inspection';
import { keysOfAttempts, readPreferred, type Stores } from '#libs/stores';
import { inspectionOf, judgedOf, type FormatRules } from './data-format.js';
import { pacer, type Pacer } from './paced.js';

/** What a look at one image's data, under the rules of today, has shown. */
export interface Rescanned {
  readonly imageId: string;
  /** `unreadable`: no copy could be read. `gone`: the image was deleted meanwhile. */
  readonly found: 'what was known' | 'something new' | 'unreadable' | 'gone';
  /** The rules that its data breaks. */
  readonly rules: readonly string[];
  /** Why an import of the same data would be refused today; absent where it would not. */
  readonly refusal?: string;
  readonly isActive: boolean;
  readonly done: 'nothing' | 'recorded' | 'deactivated';
  readonly error?: unknown;
}

export interface RescanParts {
  readonly stores: Stores;
  readonly formats: FormatRules;
  askStored(question: StoredQuestion): Promise<StoredAnswer>;
  /** Sends a command in the operator's name. */
  send(imageId: string, command: ImageCommand): Promise<Image>;
}

export interface RescanOptions {
  readonly bytesPerSecond: number;
  readonly signal: AbortSignal;
  readonly isDryRun: boolean;
  /** Whether an active image that would be refused today is deactivated. */
  readonly deactivates: boolean;
  /** The image after which to go on. */
  readonly after?: string;
}

const pageOfImages = 100;

/**
 * Looks at the data of every stored image that is inspected on its way in, with the rules that there are today, and records what differs from what was known:
 * so a rule that was added holds for what was stored before. Reads the headers and the end, not the whole. Images come in the order of their ids; a
 * pass that was interrupted goes on after the last of them. Rejects where the catalog cannot be asked, or with the reason of the signal.
 */
export async function* rescanImages(parts: RescanParts, options: RescanOptions): AsyncGenerator<Rescanned, void, undefined> {
  const pace = pacer(options);
  let { after } = options;
  for (;;) {
    const { images } = await parts.askStored({ limit: pageOfImages, ...(after === undefined ? {} : { after }) });
    for (const image of images) {
      options.signal.throwIfAborted();
      if (isInspected(image)) yield await rescan(image, parts, options, pace);
    }
    after = images.at(-1)?.imageId;
    if (after === undefined) return;
  }
}

async function rescan(image: StoredImage, parts: RescanParts, options: RescanOptions, pace: Pacer): Promise<Rescanned> {
  const { imageId } = image;
  const isActive = image.status === 'active';
  let inspection: DataInspection;
  try {
    inspection = await inspectStored(image, parts, pace);
  } catch (error) {
    options.signal.throwIfAborted();
    return { imageId, found: 'unreadable', rules: [], isActive, done: 'nothing', error };
  }
  const refusal = refusalOf(image, inspection, parts.formats);
  const news = newsIn(image, inspection);
  const told = { imageId, found: news.length > 0 ? 'something new' : 'what was known', rules: inspection.findings.map(({ rule }) => rule), isActive, ...(refusal === undefined ? {} : { refusal }) } as const;
  if (options.isDryRun) return { ...told, done: 'nothing' };
  try {
    return { ...told, done: await recordNews(image, inspection, news, isActive && options.deactivates && refusal !== undefined, parts) };
  } catch (error) {
    if (error instanceof Problem && error.code === 'ImageNotFound') return { ...told, found: 'gone', done: 'nothing' };
    throw error;
  }
}

/** Every copy has the same bytes, so what one is, all are: the copies of which something else was known, or one where nothing was known of any. */
function newsIn({ copies }: StoredImage, inspection: DataInspection): StoredImage['copies'] {
  const known = copies.filter((copy) => copy.inspection !== undefined);
  return known.length === 0 ? copies.slice(0, 1) : known.filter((copy) => !isSameInspection(copy.inspection, inspection));
}

async function recordNews({ imageId }: StoredImage, inspection: DataInspection, news: StoredImage['copies'], deactivates: boolean, { send }: RescanParts): Promise<Rescanned['done']> {
  for (const { attemptId } of news) await send(imageId, { type: 'RecordDataInspection', attemptId, inspection });
  if (deactivates) await send(imageId, { type: 'DeactivateImage' });
  if (deactivates) return 'deactivated';
  return news.length > 0 ? 'recorded' : 'nothing';
}

async function inspectStored(image: StoredImage, { stores, formats }: RescanParts, pace: Pacer): Promise<DataInspection> {
  const running = startInspection(formats);
  const { sizeBytes } = image.data;
  for (let at = 0; at < sizeBytes;) {
    const skipped = running.skippable(sizeBytes - at);
    running.skip(skipped);
    at += skipped;
    const reader = await readPreferred(stores, keysOfAttempts(image.imageId, image.copies), { range: { start: at, end: sizeBytes - 1 } });
    try {
      for await (const chunk of pace.through(reader)) {
        running.feed(chunk);
        at += chunk.byteLength;
        if (running.skippable(sizeBytes - at) > mostWorthReading) break;
      }
    } finally {
      await reader.close();
    }
  }
  return inspectionOf(running.finish());
}

/** Where less than this could be passed over, a second request costs more than reading on. */
const mostWorthReading = 4 * 1024 * 1024;

function refusalOf(image: StoredImage, inspection: DataInspection, formats: FormatRules): string | undefined {
  const judgement = judge(judgedOf(inspection, image.data.sizeBytes), image, formats);
  if (judgement.isAccepted) return undefined;
  return judgement.why === 'mismatch' ? judgement.detail : judgement.findings.map(({ rule, detail }) => `${rule}: ${detail}`).join('; ');
}
