import { Problem } from '../problem.js';
import { evolveNamespace } from './metadef.evolve.js';
import type { MetadefEvent, NamespaceState } from './metadef.js';

/** The most bytes that a namespace may have with all it holds, as JSON: it is read, answered and renamed as one piece. Glance knows no such bound. */
export const namespaceLimitBytes = 256 * 1024;

/** Refuses what would make a namespace too large; whatever makes it smaller is always possible. */
export function refuseOversized(name: string, events: readonly MetadefEvent[], state: NamespaceState): void {
  if (events.length === 0) return;
  const after = events.reduce((before, event) => evolveNamespace(before, event, new Date(0)), state);
  if (!after.exists || sizeOf(after) <= namespaceLimitBytes || sizeOf(after) <= sizeOf(state)) return;
  throw new Problem('NamespaceTooLarge', { namespace: name, limitBytes: namespaceLimitBytes });
}

const utf8 = new TextEncoder();
const sizeOf = (state: NamespaceState): number => utf8.encode(JSON.stringify(state)).length;
