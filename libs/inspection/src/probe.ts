import type { Rule } from './rules.js';
import { shown, type Region } from './region.js';

/** The formats by Glance's names of disk formats; `mbr`, `gpt`, `luks`, `qcow` and `qed` are what Glance may be told to accept besides. */
export const imageFormats = ['raw', 'qcow2', 'qcow', 'qed', 'vmdk', 'vhd', 'vhdx', 'vdi', 'iso', 'gpt', 'mbr', 'luks', 'ploop'] as const;
export type ImageFormat = (typeof imageFormats)[number];

/** Something that makes data unsafe or unusable, by the rule that says so. `detail` is printable ASCII, at most 120 characters. */
export interface Finding { readonly rule: Rule; readonly detail: string }

/** What a probe recognised. `virtualSizeBytes` is absent where the data does not tell. `isWeak`: yields to any other format that has a header. */
export interface Match {
  readonly format: ImageFormat;
  readonly virtualSizeBytes?: number;
  readonly findings: readonly Finding[];
  readonly isWeak?: boolean;
}

/**
 * What a probe asks for next: a region, never before the end of the one before it and never longer than `maxRegionBytes`,
 * or the end of the stream.
 */
export type Want =
  | { readonly at: number; readonly lengthBytes: number }
  | { readonly tail: true };

/** The end of the stream: its last bytes, as many as `tailBytes`, and how long it was. */
export interface Tail { readonly tail: Region; readonly sizeBytes: number }

/** Something that reads the stream as it goes by. `yield*` the helpers below rather than `yield`: they give each want its answer's type. */
export type Reading<Result> = Generator<Want, Result, Region | Tail>;

/** Reads one format: asks for regions in order, and returns what it recognised, or null. */
export type Probe = () => Reading<Match | null>;

export const maxRegionBytes = 64 * 1024;
export const tailBytes = 1536;

export function* region(at: number, lengthBytes: number): Reading<Region> {
  return (yield { at, lengthBytes }) as Region;
}

export function* end(): Reading<Tail> {
  return (yield { tail: true }) as Tail;
}

/** A match; a disk whose size cannot be told is a finding of its own, unless another one says why. */
export function match(format: ImageFormat, virtualSizeBytes: number | undefined, maybe: readonly (Finding | false)[]): Match {
  const findings = maybe.filter((finding) => finding !== false).map(({ rule, detail }) => ({ rule, detail: shown(detail) }));
  if (virtualSizeBytes !== undefined) return { format, virtualSizeBytes, findings };
  return { format, findings: findings.length > 0 ? findings : [{ rule: 'any.virtual-size', detail: 'none, or more bytes than can be counted' }] };
}
