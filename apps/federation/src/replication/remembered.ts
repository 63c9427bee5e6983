import type { ReplicationPolicy } from '#libs/domain';
import type { Places } from '#libs/event-log';
import type { HeardPlace } from './heard-news.js';

/** What is kept of an event-driven policy between two looks, for whoever drives it next. All of it can be forgotten: then everything is looked at. */
export interface Kept {
  /** Which state of the policy it is true of: where the policy was changed, all may have to be done anew. */
  policyAt?: string;
  /** The newest change of a source that is asked for it. */
  newest?: string;
  /** When everything was looked at last. */
  lookedAt?: number;
  /** What the last execution could not do, and until when nobody tries the same again. */
  left?: { readonly what: string; readonly untilMs: number; readonly waitMs: number };
  /** Up to where all that was heard of the source was put into an execution, or asks for none. */
  heard?: HeardPlace;
}

export interface Memory extends Kept {
  dueAfter?: Date;
  /** Since when the regions of the policy cannot be looked at, and whether somebody was told. */
  blind?: { readonly sinceMs: number; isTold: boolean };
  lastKept?: { readonly text: string; readonly atMs: number };
}

/** Well before it is forgotten. */
const keptAgainAfterMs = 120_000;

/** Takes up what the one before has kept, once; and forgets all of it where the policy was changed. Refuses: Unavailable. */
export async function recall(policyId: string, { updatedAt }: ReplicationPolicy, memory: Memory, places: Places<Kept>): Promise<void> {
  const policyAt = updatedAt.toISOString();
  if (memory.policyAt === policyAt) return;
  const found = memory.policyAt === undefined ? await places.read(policyId) : undefined;
  for (const name of ['newest', 'lookedAt', 'left', 'heard'] as const) delete memory[name];
  Object.assign(memory, found?.policyAt === policyAt ? found : { policyAt });
}

/** Keeps what is remembered, where it has changed or would soon be forgotten. What cannot be kept now is kept after the next look. */
export async function keep(policyId: string, memory: Memory, heard: HeardPlace | undefined, { places, nowMs }: { readonly places: Places<Kept>; readonly nowMs: number }): Promise<void> {
  if (heard) memory.heard = heard;
  const { dueAfter: _, blind: __, lastKept, ...kept } = memory;
  const text = JSON.stringify(kept);
  if (lastKept?.text === text && nowMs - lastKept.atMs < keptAgainAfterMs) return;
  await places.keep(policyId, kept).then(() => { memory.lastKept = { text, atMs: nowMs }; }, () => undefined);
}

/** The next look is one at everything. */
export function forgetLooks(memory: Memory): void {
  delete memory.newest;
  delete memory.lookedAt;
}
