import type { Finding, ImageFormat, Match } from './probe.js';

/** What a stream is, by its bytes alone. */
export interface Verdict {
  /** Null where several formats match and none of them is known to stand in front of the others. */
  readonly format: ImageFormat | null;
  /** Everything that matched; empty for `raw`. */
  readonly candidates: readonly ImageFormat[];
  readonly sizeBytes: number;
  /** The size of the disk in it; for `raw` the size of the stream. Absent where the data does not tell. */
  readonly virtualSizeBytes?: number;
  readonly findings: readonly Finding[];
}

/** Several formats may match; which of them counts follows oslo.utils and Glance: an ISO may carry a partition table in front, anything else is ambiguous.
 *  A fixed VHD is what is in it and a footer: its disk may be partitioned, but yields to every format that has a header. */
export function resolve(results: readonly (Match | null | 'failed')[], sizeBytes: number): Verdict {
  const failed: Finding[] = results.includes('failed') ? [{ rule: 'any.failed', detail: 'a fault of the inspection' }] : [];
  const all = results.filter((result): result is Match => result !== null && result !== 'failed');
  const matches = withoutWeak(all);
  const candidates = all.map(({ format }) => format);
  const [only] = matches.length === 1 ? matches : [matches.find(({ format }) => format === 'iso' && matches.every((each) => each.format === 'iso' || isPartitioned(each)))];
  if (matches.length === 0) return { format: 'raw', candidates, sizeBytes, virtualSizeBytes: sizeBytes, findings: failed };
  if (!only) return { format: null, candidates, sizeBytes, findings: [...failed, { rule: 'any.ambiguous', detail: candidates.join(', ') }] };
  const { format, virtualSizeBytes, findings } = only;
  return { format, candidates, sizeBytes, ...(virtualSizeBytes === undefined ? {} : { virtualSizeBytes }), findings: [...failed, ...findings] };
}

/** A weak match counts where nothing but a partition table matched besides, and then it counts instead of that. */
function withoutWeak(matches: readonly Match[]): readonly Match[] {
  const strong = matches.filter(({ isWeak }) => isWeak !== true);
  const weak = matches.filter(({ isWeak }) => isWeak === true);
  return weak.length > 0 && strong.every(isPartitioned) ? weak : strong;
}

const isPartitioned = ({ format }: Match): boolean => format === 'gpt' || format === 'mbr';
