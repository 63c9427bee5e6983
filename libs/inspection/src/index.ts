export { inspectionDefaults, mostHeldBytes, startInspection, type Inspection, type InspectionOptions } from './inspection.js';
export { isInspected, judge, type BrokenRule, type Claim, type Judged, type Judgement, type JudgeOptions } from './judge.js';
export { imageFormats, type Finding, type ImageFormat } from './probe.js';
export { isRule, rules, type Rule } from './rules.js';
export type { Verdict } from './verdict.js';
