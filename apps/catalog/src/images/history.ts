import { imageSubject, type HistoryAnswer, type HistoryEntry } from '#libs/contracts';
import { Problem } from '#libs/domain';
import type { EventLog, Sealer } from '#libs/event-log';
import { count, fields, uuid } from '../checks.js';
import { stepsOf, type Step } from './history-steps.js';
import { changesBetween } from './image.changes.js';

export interface HistoryOptions {
  readonly log: Pick<EventLog, 'read'>;
  readonly region: string;
  readonly sealer: Pick<Sealer, 'unseal'>;
}

const mostEntries = 1000;
/** An answer is one message of the bus: it must stay well under a megabyte. */
const mostBytes = 512 * 1024;

/**
 * `ask.<region>.history`: who changed an image, when, from where, and what from what to what, oldest first; a page ends at `limit`
 * or where an answer would grow too large. Read from the log's leader, so that it lacks nothing that was acknowledged, and deleted
 * images have theirs for ever. Personal values are there as long as the person's key is. Refuses: InvalidRequest, ImageNotFound.
 */
export async function historyOf(question: unknown, options: HistoryOptions): Promise<HistoryAnswer> {
  const { imageId, afterVersion, limit } = fields(question, 'the question', { imageId: uuid, afterVersion: count, limit: count });
  const messages = await options.log.read(imageSubject(options.region, imageId), { consistent: true });
  const steps = stepsOf(imageId, messages);
  const today = steps.at(-1)?.after;
  if (!today?.exists) throw new Problem('ImageNotFound', { imageId });
  const asked = steps.filter(({ commit }) => commit.version > afterVersion);
  const entries = await page(asked.slice(0, Math.min(limit, mostEntries)), options);
  return { sequence: messages.at(-1)?.sequence ?? 0, owner: today.owner, status: today.status, entries, hasMore: entries.length < asked.length };
}

async function page(steps: readonly Step[], options: HistoryOptions): Promise<HistoryEntry[]> {
  const entries: HistoryEntry[] = [];
  let bytes = 0;
  for (const step of steps) {
    const entry = shortened(await entryOf(step, options));
    bytes += sizeOf(entry);
    if (entries.length > 0 && bytes > mostBytes) break;
    entries.push(entry);
  }
  return entries;
}

async function entryOf({ commit, before, after }: Step, { sealer }: HistoryOptions): Promise<HistoryEntry> {
  const { version, at, requestId, commandType, actor, events, sealed } = commit;
  const place = { userId: actor.userId, commitId: `${commit.aggregateId}:${commit.commandId}` };
  const personal = sealed === undefined ? undefined : await sealer.unseal(sealed, place);
  return {
    version, at: at.toISOString(), requestId, commandType, actor, ...(personal ? { personal } : {}), ...(sealed !== undefined && !personal ? { isErased: true } : {}), events, changes: changesBetween(before, after),
  };
}

/** One commit may be as large as half an answer: then its changes are told by the beginnings of their values, and its events not at all. */
function shortened(entry: HistoryEntry): HistoryEntry {
  if (sizeOf(entry) <= mostBytes / 2) return entry;
  const changes = entry.changes.slice(0, 500).map(({ name, ...values }) => ({ name, ...mapped(values, beginning) }));
  return { ...entry, events: [], changes };
}

function beginning(value: unknown): unknown {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > 200 ? `${text.slice(0, 200)}… (${text.length} characters)` : value;
}

const mapped = (values: Record<string, unknown>, map: (value: unknown) => unknown): Record<string, unknown> =>
  Object.fromEntries(Object.entries(values).map(([key, value]) => [key, map(value)]));

const sizeOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));
