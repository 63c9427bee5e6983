import type { KeyObject } from 'node:crypto';
import type { EventLog } from '../event-log.js';
import type { Finding } from '../finding.js';
import { verifyLog } from '../verify.js';
import { readDigests, writeDigest, type DigestFault } from './digest-files.js';
import { rootOf, type LogHead } from './digest.js';
import type { DigestPlace } from './digest-place.js';

export interface MakeDigestOptions {
  readonly place: DigestPlace;
  readonly region: string;
  readonly privateKey: KeyObject;
  readonly clock: () => Date;
  readonly signal?: AbortSignal;
  onFinding?(finding: Finding | DigestFault): void;
}

/** `written`: its file. `nothing-new`: the newest digest stands for the whole log. `refused`: log or digests are not what they should be, and nothing was signed. */
export type MadeDigest =
  | { readonly outcome: 'written'; readonly file: string; readonly sequence: number }
  | { readonly outcome: 'nothing-new' | 'stopped' }
  | { readonly outcome: 'refused'; readonly faults: number; readonly first: string };

/** Reads the whole log, holds it against every digest that is there, and signs what it has become since. What does not verify is never signed. Refuses: Unavailable. */
export async function makeDigest(log: EventLog, { place, region, privateKey, clock, signal, onFinding }: MakeDigestOptions): Promise<MadeDigest> {
  const { digests, faults } = await readDigests(place, region, privateKey);
  const told: string[] = [];
  const tell = (fault: Finding | DigestFault): void => {
    told.push(fault.detail);
    onFinding?.(fault);
  };
  faults.forEach(tell);
  let heads: readonly LogHead[] = [];
  const { createdAt } = await log.extent();
  const { lastSequence } = await verifyLog(log, { onFinding: tell, digests, onHeads: (found) => { heads = found; }, ...(signal ? { signal } : {}) });
  if (signal?.aborted) return { outcome: 'stopped' };
  if (told.length > 0) return { outcome: 'refused', faults: told.length, first: told[0] ?? '' };
  const before = digests.at(-1) ?? { sequence: 0, hash: '' };
  if (lastSequence === before.sequence) return { outcome: 'nothing-new' };
  const digest = { region, logCreatedAt: createdAt, at: clock().toISOString(), sequence: lastSequence, aggregates: heads.length, root: rootOf(heads), previous: before.hash };
  const file = await writeDigest(place, digest, heads.filter(({ sequence }) => sequence > before.sequence), privateKey);
  return { outcome: 'written', file, sequence: lastSequence };
}
