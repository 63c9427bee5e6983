import { addressOf, commitsOf, hashOfCommit, type Commit } from '#libs/contracts';
import { misfitOf } from './aggregate.js';
import type { KeptDigest } from './digests/digest-files.js';
import type { LogHead } from './digests/digest.js';
import { createWitness } from './digests/witness.js';
import type { EventLog, Stored } from './event-log.js';
import type { Finding } from './finding.js';

export interface VerifyOptions {
  readonly onFinding: (finding: Finding) => void;
  readonly onProgress?: (progress: { readonly sequence: number; readonly lastSequence: number }) => void;
  /** Messages that were kept outside of the log: the only witness of the newest commit of each aggregate, which no other commit names yet. */
  readonly tail?: readonly Stored[];
  /** Signed digests of the log that were kept outside of it, oldest first: witnesses of every byte up to the newest of them. */
  readonly digests?: readonly KeptDigest[];
  /** Given all messages, faulty ones too, as they go by. */
  readonly onMessages?: (messages: readonly Stored[]) => Promise<void>;
  /** Told the last commit of every subject, at the end. */
  readonly onHeads?: (heads: readonly LogHead[]) => void;
  readonly signal?: AbortSignal;
}

export interface Verified { readonly messages: number; readonly aggregates: number; readonly findings: number; readonly lastSequence: number }

/** What is remembered of an aggregate while the log goes by: the whole memory that verification needs. */
interface Head { readonly id: string; readonly version: number; readonly hash: string; readonly sequence: number }

/**
 * Reads the whole log once, as far as it went when this began, and checks sequences, envelopes, event schemas, versions and hash chains.
 * Each finding names its message; the pass goes on after it. Refuses: Unavailable.
 */
export async function verifyLog(log: EventLog, { onFinding, onProgress, tail = [], digests = [], onMessages, onHeads, signal }: VerifyOptions): Promise<Verified> {
  const { firstSequence, lastSequence } = await log.extent();
  const heads = new Map<string, Head>();
  const kept = new Map(tail.map((message) => [message.sequence, message]));
  let [messages, findings, expected] = [0, 0, 1];
  const found = (finding: Finding) => { findings += 1; onFinding(finding); };

  const witness = createWitness(digests, heads, found);
  const check = (message: Stored) => {
    witness.before(message.sequence);
    missing(expected, message.sequence, found);
    expected = message.sequence + 1;
    messages += 1;
    compareWithKept(message, kept.get(message.sequence), found);
    witness.see(message);
    checkCommit(message, heads, found);
  };

  const end = await lastReadable(log, firstSequence, lastSequence);
  const done = new AbortController();
  const stop = signal ? AbortSignal.any([signal, done.signal]) : done.signal;
  if (end === 0) done.abort();
  await log.follow({ after: 0, batchSize: 1_000, signal: stop }, async (batch) => {
    const messages = batch.filter(({ sequence }) => sequence <= end);
    messages.forEach(check);
    await onMessages?.(messages);
    const reached = batch.at(-1)?.sequence ?? 0;
    onProgress?.({ sequence: Math.min(reached, end), lastSequence });
    if (reached >= end) done.abort();
  });
  if (!signal?.aborted) {
    missing(expected, lastSequence + 1, found);
    witness.end(lastSequence);
    onHeads?.([...heads].map(([subject, { sequence, hash }]) => ({ subject, sequence, hash })));
  }
  return { messages, aggregates: heads.size, findings, lastSequence };
}

/** The last message that exists: where the newest ones were removed, following would wait for them for ever. */
async function lastReadable(log: EventLog, firstSequence: number, lastSequence: number): Promise<number> {
  for (let sequence = lastSequence; sequence >= firstSequence; sequence--) if (await log.at(sequence)) return sequence;
  return 0;
}

function missing(expected: number, next: number, found: (finding: Finding) => void): void {
  if (next <= expected) return;
  const what = next - expected === 1 ? `the message at sequence ${expected} is missing` : `the messages at sequences ${expected} to ${next - 1} are missing`;
  found({ kind: 'missing', sequence: expected, detail: what });
}

function compareWithKept({ sequence, subject, bytes }: Stored, kept: Stored | undefined, found: (finding: Finding) => void): void {
  if (!kept || (kept.subject === subject && Buffer.compare(kept.bytes, bytes) === 0)) return;
  found({ kind: 'altered', sequence, subject, detail: 'the message is not the one that was kept of this sequence outside of the log' });
}

function checkCommit(message: Stored, heads: Map<string, Head>, found: (finding: Finding) => void): void {
  const { sequence, subject, bytes } = message;
  let commit: Commit<unknown>;
  try {
    commit = readCommit(message);
  } catch (error) {
    found({ kind: 'foreign', sequence, subject, detail: `this is no commit of its subject: ${error instanceof Error ? error.message : String(error)}` });
    return;
  }
  const { version, aggregateId } = commit;
  const head = heads.get(subject) ?? { id: aggregateId, version: 0, hash: '', sequence: 0 };
  if (version <= head.version) {
    found({ kind: 'foreign', sequence, subject, version, detail: `version ${version} comes a second time, after version ${head.version} at sequence ${head.sequence}` });
    return;
  }
  const misfit = misfitOf(head, commit);
  if (misfit) found({ kind: 'broken-chain', sequence, subject, version, detail: explain(misfit, head, version) });
  heads.set(subject, { id: head.id, version, hash: hashOfCommit(bytes), sequence });
}

/** Reads a commit as strictly as it was written: `encode` refuses what does not fit the schemas. */
function readCommit({ subject, bytes }: Stored): Commit<unknown> {
  const { kind, token } = addressOf(subject);
  const commits = commitsOf(kind);
  const commit = commits.decode(bytes);
  if (commit.aggregateId !== token) throw new Error(`it names ${commit.aggregateId}`);
  commits.encode(commit);
  return commit;
}

function explain(misfit: string, head: Head, version: number): string {
  if (version !== head.version + 1) return `${misfit}: what stood between is gone`;
  if (head.version === 0) return `${misfit}: a first commit has none before it`;
  return `${misfit}: version ${head.version} at sequence ${head.sequence} was altered, or this one is not its successor`;
}
