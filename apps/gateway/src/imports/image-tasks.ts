import type { HistoryEntry } from '#libs/contracts';
import type { Images } from '../images/images.js';
import { tasksOf, type TaskView } from './task.view.js';

/** The imports of an image that are still told of, oldest first. Refuses: ImageNotFound. */
export async function imageTasks(images: Pick<Images, 'history'>, imageId: string): Promise<TaskView[]> {
  const entries: HistoryEntry[] = [];
  for (let hasMore = true; hasMore;) {
    const page = await images.history(imageId, { afterVersion: entries.at(-1)?.version ?? 0, limit: 1000 });
    entries.push(...page.entries);
    hasMore = page.hasMore && page.entries.length > 0;
  }
  return tasksOf(imageId, entries, new Date());
}

/** One of them. */
export const taskOf = async (images: Pick<Images, 'history'>, { imageId, importId }: { readonly imageId: string; readonly importId: string }): Promise<TaskView | undefined> =>
  (await imageTasks(images, imageId)).find(({ id }) => id === importId);
