import { fixedVhd, vhd } from './formats/vhd.js';
import { gpt } from './formats/gpt.js';
import { iso } from './formats/iso.js';
import { luks } from './formats/luks.js';
import { ploop } from './formats/ploop.js';
import { qcow, qcow2, qed } from './formats/qcow.js';
import { vdi } from './formats/vdi.js';
import { vhdx } from './formats/vhdx.js';
import { vmdk } from './formats/vmdk.js';
import { maxRegionBytes, tailBytes, type Probe } from './probe.js';
import { startRun } from './run.js';
import { endOfStream } from './stream-end.js';
import { resolve, type Verdict } from './verdict.js';

export interface InspectionOptions {
  /** The createTypes of VMDK that are accepted. (glance: vmdk_allowed_types) */
  readonly vmdkAllowedTypes: readonly string[];
}
export const inspectionDefaults: InspectionOptions = { vmdkAllowedTypes: ['streamOptimized', 'monolithicSparse'] };

/** Finds out what a stream holds while it goes by. */
export interface Inspection {
  /** Takes the next bytes, in chunks of any size. Keeps no reference to them. Never throws. */
  feed(chunk: Uint8Array): void;
  /** How many bytes from here on need not be fed where so many are left, because only the end is still of interest; `skip` passes over them. */
  skippable(leftBytes: number): number;
  skip(bytes: number): void;
  /** Tells what the bytes were, once all have been fed. The same every time. Never throws. */
  finish(): Verdict;
  /** What it holds on to now: never more than `mostHeldBytes`, whatever is fed. */
  readonly heldBytes: number;
}

/**
 * Begins to inspect a stream. The verdict depends on the bytes alone, not on how they are cut; time and memory are bounded whatever they say.
 * Inspects nothing but the headers: whether the tables and the data behind them are sound, only a full check of the image can tell.
 */
export function startInspection(options: InspectionOptions = inspectionDefaults): Inspection {
  const probes: Probe[] = [qcow2, qcow, qed, vmdk(options.vmdkAllowedTypes), vhd, fixedVhd, vhdx, vdi, iso, gpt, luks, ploop];
  const runs = probes.map(startRun);
  let hungry = runs;
  const last = endOfStream(tailBytes);
  let verdict: Verdict | undefined;
  return {
    feed(chunk) {
      hungry = hungry.filter((run) => run.feed(chunk, last.sizeBytes));
      last.feed(chunk);
    },
    skippable: (leftBytes) => (hungry.length > 0 ? 0 : Math.max(0, leftBytes - tailBytes)),
    skip: (bytes) => { last.skip(bytes); },
    finish() {
      verdict ??= resolve(runs.map((run) => run.finish(last)), last.sizeBytes);
      return verdict;
    },
    get heldBytes() { return tailBytes + hungry.reduce((sum, run) => sum + run.heldBytes, 0); },
  };
}

/** Most probes have given up after the first 4 KiB; two formats ask for tables of 64 KiB, and one stream begins with one of them. */
export const mostHeldBytes = tailBytes + maxRegionBytes + 16 * 1024;
