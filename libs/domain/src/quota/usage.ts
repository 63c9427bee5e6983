import { storedAttempts } from '../image/image.attempts.js';
import { isErrand } from '../image/image.arrival.js';
import type { Image } from '../image/image.js';

/** What a project uses of what can be limited. Sizes are bytes; an image in several stores counts once in each of them. */
export interface Usage {
  readonly images: number;
  readonly sizeBytes: number;
  readonly stageBytes: number;
  /** Images whose data is on its way or waits in the staging area. */
  readonly uploads: number;
}
export const resources = ['images', 'sizeBytes', 'stageBytes', 'uploads'] as const satisfies readonly (keyof Usage)[];
export type Resource = (typeof resources)[number];

export const noUsage: Usage = { images: 0, sizeBytes: 0, stageBytes: 0, uploads: 0 };

/** What one image adds to what its owner uses; one that is deleted, or never comes to be, adds nothing. Source: API.md section 21; Glance counts size × locations. */
export function usageOf(image: Image): Usage {
  if (image.status === 'deleted' || isErrand(image)) return noUsage;
  const copies = storedAttempts(image).length;
  return { images: 1, sizeBytes: (image.data?.sizeBytes ?? 0) * copies, stageBytes: image.staged?.sizeBytes ?? 0, uploads: isUploading(image) ? 1 : 0 };
}

const isUploading = ({ importing, status }: Image): boolean => importing !== null || status === 'saving' || status === 'uploading' || status === 'importing';
