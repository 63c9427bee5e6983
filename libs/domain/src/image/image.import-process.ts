import { hasSucceeded, isLost } from './image.imports.js';
import type { ImageState } from './image.js';

/** What the importer does next. Every step ends in an event, so that whoever takes over reads from the image alone how to go on. */
export type ImportStep =
  /** Nothing is left to do: the import is over, or the image is. */
  | { readonly do: 'nothing' }
  /** Bring the bytes into these stores; those that have an open attempt of a dead importer among them too. */
  | { readonly do: 'bring'; readonly storeIds: readonly string[] }
  /** Every store has answered. */
  | { readonly do: 'finish'; readonly succeeds: boolean };

/** The state machine of an import: image → next step. */
export function nextImportStep(image: ImageState, importId: string): ImportStep {
  if (!image.exists || image.status === 'deleted' || image.importing?.importId !== importId) return { do: 'nothing' };
  const { importing } = image;
  if (importing.pendingStoreIds.length > 0 && !isLost(importing)) return { do: 'bring', storeIds: importing.pendingStoreIds };
  return { do: 'finish', succeeds: hasSucceeded(importing) };
}
