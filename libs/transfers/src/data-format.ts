import { known } from '#libs/contracts';
import { foundDiskFormat, isProblem, Problem, type DataInspection, type Image } from '#libs/domain';
import { isInspected, judge, startInspection, type InspectionOptions, type Judged, type JudgeOptions, type Verdict } from '#libs/inspection';

/** What the operator accepts as an image's data: section `[image_format]` of Glance. */
export type FormatRules = InspectionOptions & JudgeOptions;

/** The rules as a service is told them. Where data is only looked at, as in staging, whether it is accepted is somebody else's matter. */
export const formatRules = (config: { vmdkAllowedTypes: readonly string[]; requireImageFormatMatch?: boolean; gptSafetyChecksNonfatal?: readonly string[] }): FormatRules => ({
  vmdkAllowedTypes: config.vmdkAllowedTypes, requireFormatMatch: config.requireImageFormatMatch ?? true, gptSafetyChecksNonfatal: config.gptSafetyChecksNonfatal ?? [],
});

export type FormatClaim = Pick<Image, 'diskFormat' | 'containerFormat'> & {
  /** Set where the image is to have the disk format of its data, since nobody said another. */
  readonly isFound?: true;
};

/** Looks at an image's data while it arrives. Data in a container is not looked into: then nothing is found, and everything is accepted. */
export interface FormatWatch {
  onBytes(bytes: Uint8Array): void;
  /** What the data is, once all of it has been shown. */
  found(): { readonly inspection?: DataInspection };
  /** What an image that claims to be this gains from its data. Refuses: DataFormatMismatch, DataFormatUnknown, DataUnsafe. Source: API.md section 22. */
  accept(): { readonly virtualSizeBytes?: number };
}

export function watchFormat(rules: FormatRules, imageId: string, claim: FormatClaim): FormatWatch {
  if (!isInspected(claim)) return { onBytes: () => undefined, found: () => ({}), accept: () => ({}) };
  const running = startInspection(rules);
  return {
    onBytes: (bytes) => { running.feed(bytes); },
    found: () => ({ inspection: inspectionOf(running.finish()) }),
    accept: () => acceptData(rules, imageId, claim, running.finish()),
  };
}

/** The same of data that was looked at before, as when it was staged. */
export const acceptInspected = (rules: FormatRules, imageId: string, claim: FormatClaim, sizeBytes: number, inspection: DataInspection): { readonly virtualSizeBytes?: number } =>
  acceptData(rules, imageId, claim, judgedOf(inspection, sizeBytes));

/** What the log says of data that was looked at. */
export const inspectionOf = ({ format, virtualSizeBytes, findings }: Verdict): DataInspection =>
  ({ ...known({ format: format ?? undefined, virtualSizeBytes }), findings });

/** Data that was looked at before, for a judgement by the rules of today. */
export const judgedOf = ({ format, ...inspection }: DataInspection, sizeBytes: number): Judged => ({ ...inspection, format: format ?? null, sizeBytes });

function acceptData(rules: FormatRules, imageId: string, claim: FormatClaim, data: Judged): { readonly virtualSizeBytes?: number } {
  const judgement = judge(data, claim.isFound ? { ...claim, diskFormat: found(imageId, data) } : claim, rules);
  if (judgement.isAccepted) return judgement.virtualSizeBytes === undefined ? {} : { virtualSizeBytes: judgement.virtualSizeBytes };
  if (judgement.why === 'mismatch') throw new Problem('DataFormatMismatch', { imageId, detail: judgement.detail });
  const [{ rule, detail } = { rule: '', detail: '' }] = judgement.findings;
  throw new Problem('DataUnsafe', { imageId, rule, detail });
}

/** What is several formats at once, or dangerous, is refused for that. */
const found = (imageId: string, { format }: Judged): string => foundDiskFormat(imageId, format === null ? {} : { format });

/** Whether the data itself was the reason, its format or its signature; then what it is belongs into the log. */
export const isRefusedForData = (error: unknown): boolean => isProblem(error, refusals);
const refusals: ReadonlySet<Problem['code']> = new Set(['DataFormatMismatch', 'DataFormatUnknown', 'DataUnsafe', 'SignatureNotVerified']);
