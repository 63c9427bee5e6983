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

/** Several formats may match; which of them counts follows oslo.utils and Glance: an ISO may carry a partition table in front, anything else is ambiguous. */
export function resolve(results: readonly (Match | null | 'failed')[], sizeBytes: number): Verdict {
  const failed: Finding[] = results.includes('failed') ? [{ rule: 'any.failed', detail: 'a fault of the inspection' }] : [];
  const all = results.filter((result): result is Match => result !== null && result !== 'failed');
  const candidates = all.map(({ format }) => format);
  if (all.length === 0) return { format: 'raw', candidates, sizeBytes, virtualSizeBytes: sizeBytes, findings: failed };
  const chosen = choose(all);
  if (!chosen) return { format: null, candidates, sizeBytes, findings: [...failed, { rule: 'any.ambiguous', detail: candidates.join(', ') }] };
  const { format, virtualSizeBytes, findings } = chosen;
  return { format, candidates, sizeBytes, ...(virtualSizeBytes === undefined ? {} : { virtualSizeBytes }), findings: [...failed, ...findings] };
}

function choose(matches: readonly Match[]): Match | undefined {
  const strong = matches.filter(({ isWeak }) => isWeak !== true);
  const partitioned = strong.find(isPartitioned);
  const [first, ...others] = strong.filter((each) => each !== partitioned);
  if (others.length > 0) return undefined;
  if (first) return partitioned && first.format !== 'iso' ? undefined : first;
  const footer = matches.find(({ isWeak }) => isWeak === true);
  // A fixed VHD is a disk and a footer: what is wrong with the partitions is wrong with the whole.
  return footer ? { ...footer, findings: [...footer.findings, ...(partitioned?.findings ?? [])] } : partitioned;
}

const isPartitioned = ({ format }: Match): boolean => format === 'gpt' || format === 'mbr';
