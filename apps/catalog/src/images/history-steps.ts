import { decodeCommit, hashOfCommit, type Commit } from '#libs/contracts';
import { evolveImage, noImage, type ImageState } from '#libs/domain';
import type { Stored } from '#libs/event-log';

/** One commit of an image at its place in the log, and the image before and after it. */
export interface Step { readonly sequence: number; readonly commit: Commit; readonly before: ImageState; readonly after: ImageState }

/** Each commit with the image before and after it. Throws where the chain of commits does not close: a history that was tampered with is not told as if it were true. */
export function stepsOf(imageId: string, messages: readonly Pick<Stored, 'sequence' | 'bytes'>[]): Step[] {
  const steps: Step[] = [];
  let state = noImage();
  let hash = '';
  for (const { sequence, bytes } of messages) {
    const commit = decodeCommit(bytes);
    if (commit.prevHash !== hash || commit.version !== steps.length + 1) {
      throw new Error(`the history of image ${imageId} does not close at version ${commit.version}; npm run log:verify tells more`);
    }
    const before = state;
    state = commit.events.reduce((image, event) => evolveImage(image, event, commit.at), before);
    hash = hashOfCommit(bytes);
    steps.push({ sequence, commit, before, after: state });
  }
  return steps;
}
