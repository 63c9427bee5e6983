
/** What of a verdict counts: it may have been written down long ago, under rules of another time. */
export interface Judged {
  readonly format: string | null;
  readonly sizeBytes: number;
  readonly virtualSizeBytes?: number;
  readonly findings: readonly BrokenRule[];
}
export interface BrokenRule { readonly rule: string; readonly detail: string }

/** What an image says of its data. */
export interface Claim { readonly diskFormat: string | null; readonly containerFormat: string | null }

export interface JudgeOptions {
  /** Whether data of another format is refused. (glance: require_image_format_match) */
  readonly requireFormatMatch: boolean;
  /** `mbr` and `gptmbr` where those rules are not fatal for partitioned disks. (glance: gpt_safety_checks_nonfatal) */
  readonly gptSafetyChecksNonfatal: readonly string[];
}

/** `ignored` is what would have been a reason to refuse under stricter options. */
export type Judgement =
  | { readonly isAccepted: true; readonly virtualSizeBytes?: number; readonly ignored: readonly BrokenRule[] }
  | { readonly isAccepted: false; readonly why: 'mismatch'; readonly detail: string }
  | { readonly isAccepted: false; readonly why: 'unsafe'; readonly findings: readonly BrokenRule[] };

/** Formats that data can be told to be; an image that claims another one is taken at its word, unless its data is one of these. Source: API.md section 22. */
const recognisable: ReadonlySet<string> = new Set(['raw', 'qcow2', 'qcow', 'qed', 'vmdk', 'vhd', 'vhdx', 'vdi', 'iso', 'gpt', 'luks']);

/** Only data that is the image itself is looked into; what lies in an archive is not. */
export const isInspected = ({ containerFormat }: Claim): boolean => containerFormat === 'bare';

/**
 * Whether an image may have this data, as Glance decides it: the format must be the one claimed, `raw` may be anything, and nothing may be unsafe.
 * Stricter than Glance in one point: what is unsafe is refused also where a mismatch is not.
 */
export function judge(verdict: Judged, claim: Claim, options: JudgeOptions): Judgement {
  if (!isInspected(claim)) return { isAccepted: true, ignored: [] };
  const agreement = agree(verdict, claim);
  if (agreement === 'mismatch' && options.requireFormatMatch) return { isAccepted: false, why: 'mismatch', detail: mismatch(verdict, claim) };
  const isFatal = (finding: BrokenRule): boolean => !isTolerated(finding, verdict, claim, options);
  const fatal = verdict.findings.filter(isFatal);
  if (fatal.length > 0) return { isAccepted: false, why: 'unsafe', findings: fatal };
  const virtualSizeBytes = agreement === 'mismatch' || agreement === 'opaque' ? undefined : agreement === 'raw' ? verdict.sizeBytes : verdict.virtualSizeBytes;
  return {
    isAccepted: true,
    // Glance does not know a virtual size of 0: no data, no disk.
    ...(virtualSizeBytes === undefined || virtualSizeBytes === 0 ? {} : { virtualSizeBytes }),
    ignored: verdict.findings,
  };
}

/** `raw`: the image claims to be raw, and its size is that of the bytes, whatever they hold. `opaque`: a format that nobody can recognise, such as ami. */
function agree({ format }: Judged, { diskFormat }: Claim): 'same' | 'raw' | 'opaque' | 'mismatch' {
  if (format === diskFormat || (format === 'mbr' && diskFormat === 'gpt')) return diskFormat === 'raw' ? 'raw' : 'same';
  if (format === 'raw' && !recognisable.has(diskFormat ?? '')) return 'opaque';
  return format !== null && diskFormat === 'raw' ? 'raw' : 'mismatch';
}

function isTolerated({ rule }: BrokenRule, { format }: Judged, { diskFormat }: Claim, { gptSafetyChecksNonfatal }: JudgeOptions): boolean {
  if (rule === 'any.ambiguous') return true; // It is a mismatch already, and refused where mismatches are.
  if (rule === 'qed.banned' || rule === 'qcow.banned') return diskFormat === format;
  if (rule !== 'gpt.mbr' && rule !== 'gpt.gptmbr') return false;
  // Kernels may have the signature of a boot record but no partitions. What Glance calls mbr includes what must hold of a protective one.
  const isNonfatal = gptSafetyChecksNonfatal.includes('mbr') || gptSafetyChecksNonfatal.includes(rule.slice('gpt.'.length));
  return isNonfatal || diskFormat === 'aki' || diskFormat === 'ari';
}

const mismatch = ({ format, findings }: Judged, { diskFormat }: Claim): string =>
  format === null ? `its data is several formats at once: ${findings.find(({ rule }) => rule === 'any.ambiguous')?.detail ?? ''}` : `its disk_format is ${diskFormat ?? 'unset'}, but its data is ${format}`;
