import { setTimeout as pause } from 'node:timers/promises';
import type { EventLog, FollowOptions, Stored } from '#libs/event-log';
import type { Applied, FreshImages, ReadModel, Rebuild } from '#libs/read-model';

/** `folded`: what of a batch another thread has folded. */
export type OnBatch = (batch: readonly Stored[], folded?: FreshImages) => Promise<void>;

export interface RebuildOptions {
  readonly log: Pick<EventLog, 'extent'> & { follow(options: FollowOptions, onBatch: OnBatch): Promise<void> };
  readonly live: Pick<ReadModel, 'position'>;
  readonly next: Rebuild;
  /** Whether the feed goes over as it stands, which is so unless told, or is filled anew afterwards. */
  readonly feed?: Parameters<Rebuild['swap']>[0];
  onProgress(progress: { readonly sequence: number; readonly target: number }): void;
  onIndexing(): void;
  onParked(parked: Applied['parked']): void;
}

const batchSize = 5000;
const retryMs = 5;

/**
 * Builds the catalogue from the log's first commit beside the live one, and takes its place while commands go on. The live one is chased: only commits
 * that it has applied are applied here, so that both can stand at the same position; where it moved before they were swapped, the few new ones follow.
 * Resolves with the position at which they were swapped.
 */
export async function rebuildCatalog({ log, live, next, feed = 'carried', onProgress, onIndexing, onParked }: RebuildOptions): Promise<number> {
  const { createdAt } = await log.extent();
  const swapped = new AbortController();
  let target = (await live.position()).sequence;
  let position = 0;
  let isIndexed = false;

  /** The batch that is on its way to PostgreSQL. */
  let writing: Promise<void> = Promise.resolve();

  /** One batch is decoded and folded while the one before it is written: they take turns on two cores, not on one. */
  async function apply(messages: readonly Stored[], folded?: FreshImages): Promise<void> {
    await next.readAhead(messages, folded);
    await writing;
    writing = write(messages, position);
    // Whoever waits for it next is told of its failure.
    writing.catch(() => undefined);
    position = messages.at(-1)?.sequence ?? position;
  }

  async function write(messages: readonly Stored[], after: number): Promise<void> {
    const applied = await next.applyBatch(messages, { after, logCreatedAt: createdAt });
    if (applied.parked.length > 0) onParked(applied.parked);
    onProgress({ sequence: applied.position, target });
  }

  /** At the target: takes the live one's place, or finds out how far that has come meanwhile. */
  async function trySwap(): Promise<void> {
    await writing;
    if (!isIndexed) {
      onIndexing();
      await next.buildIndexes();
      isIndexed = true;
    }
    if (await next.swap(feed)) return swapped.abort();
    const before = target;
    target = (await live.position()).sequence;
    if (target === before) await pause(retryMs);
  }

  async function chase(batch: readonly Stored[], folded?: FreshImages): Promise<void> {
    for (let rest = batch; !swapped.signal.aborted;) {
      if (position >= target) {
        await trySwap();
        continue;
      }
      const due = rest.filter(({ sequence }) => sequence <= target);
      if (due.length === 0) return;
      await apply(due, due.length === batch.length ? folded : undefined);
      rest = rest.slice(due.length);
    }
  }

  // An empty catalogue has no commit to wait for.
  if (target === 0) await chase([]);
  await log.follow({ after: 0, batchSize, signal: swapped.signal }, chase);
  return position;
}
