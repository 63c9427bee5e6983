import { LRUCache } from 'lru-cache';
import type { KnownImage } from './image.projection.js';

/**
 * What the rows of images say, as whoever wrote them remembers it, so that he need not read them before the next commit. True only for who goes on
 * writing from where he stopped: one memory for each uninterrupted run.
 */
export interface RememberedImages {
  get(imageId: string): KnownImage | undefined;
  /** Undefined is forgotten. */
  set(imageId: string, image: KnownImage | undefined): void;
}

/** As JSON; as objects they take a few times as much. */
const mostCharacters = 32 * 1024 ** 2;
const mostCharactersOfOne = 256 * 1024;

export function rememberImages(): RememberedImages {
  const images = new LRUCache<string, KnownImage>({ maxSize: mostCharacters, maxEntrySize: mostCharactersOfOne, sizeCalculation: (image) => JSON.stringify(image).length });
  return {
    get: (imageId) => images.get(imageId),
    set: (imageId, image) => { images.set(imageId, image); },
  };
}

/** For who comes to each image once. */
export const rememberNothing: RememberedImages = { get: () => undefined, set: () => undefined };
