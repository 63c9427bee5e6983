import { Problem } from '#libs/domain';

interface Growing { readonly sizes: Map<string, number>; readonly growing: Set<string> }

export interface PartLimit {
  /** Gives the size of all parts together. Refuses: ImageTooLarge. */
  grow(sizeBytes: number): number;
  /** Is told what was kept. */
  end(sizeBytes: number): void;
}

/** How large an upload may become when several of its parts grow at once: they know of each other. */
export function partsLimits() {
  const uploads = new Map<string, Growing>();
  return {
    /** Watches one part grow, `sizes` being what the disk has of all. */
    watch(attemptId: string, part: string, { sizes, limitBytes }: { sizes: ReadonlyMap<string, number>; limitBytes: number }): PartLimit {
      const upload = uploads.get(attemptId) ?? { sizes: new Map<string, number>(), growing: new Set<string>() };
      uploads.set(attemptId, upload);
      upload.growing.add(part);
      for (const [other, sizeBytes] of sizes) if (!upload.growing.has(other)) upload.sizes.set(other, sizeBytes);
      return {
        grow(sizeBytes) {
          upload.sizes.set(part, sizeBytes);
          const sum = [...upload.sizes.values()].reduce((all, each) => all + each, 0);
          if (sum > limitBytes) throw new Problem('ImageTooLarge', { limitBytes });
          return sum;
        },
        end(sizeBytes) {
          upload.sizes.set(part, sizeBytes);
          upload.growing.delete(part);
          if (upload.growing.size === 0) uploads.delete(attemptId);
        },
      };
    },
  };
}
