import { hashOfCommit } from '#libs/contracts';
import type { Stored } from '../event-log.js';
import type { Finding } from '../finding.js';
import type { KeptDigest } from './digest-files.js';
import { rootOf } from './digest.js';

/** Holds a log, as it goes by, against digests that were kept of it. */
export interface Witness {
  /** All messages before this sequence have gone by. */
  before(sequence: number): void;
  see(message: Stored): void;
  /** The log has gone by, up to here. */
  end(lastSequence: number): void;
}

type Heads = ReadonlyMap<string, { readonly sequence: number; readonly hash: string }>;

/** `heads` are those of what has gone by. Each digest is asked when its sequence has been reached; the commits that it names one by one, when they go by. */
export function createWitness(digests: readonly KeptDigest[], heads: Heads, found: (finding: Finding) => void): Witness {
  const named = new Map(digests.flatMap((digest) => digest.heads.map((head) => [head.sequence, { ...head, at: digest.at }] as const)));
  const waiting = [...digests];
  let findings = 0;
  const tell = (finding: Finding): void => {
    findings += 1;
    found(finding);
  };

  function before(sequence: number): void {
    for (let [digest] = waiting; digest && digest.sequence < sequence; [digest] = waiting) {
      waiting.shift();
      const root = rootOf([...heads].map(([subject, head]) => ({ subject, ...head })));
      // What was named one by one says it better.
      if (root === digest.root || findings > 0) continue;
      tell({ kind: 'altered', sequence: digest.sequence, detail: `up to here the log is not what the digest of ${digest.at} signed: something was added, taken away or altered between it and the digest before` });
    }
  }

  return {
    before,
    see({ sequence, subject, bytes }) {
      const known = named.get(sequence);
      if (!known || (known.subject === subject && hashOfCommit(bytes) === known.hash)) return;
      tell({ kind: 'altered', sequence, subject, detail: `the digest of ${known.at} signed another message here, of ${known.subject}` });
    },
    end(lastSequence) {
      before(lastSequence + 1);
      const newest = waiting.at(-1);
      if (newest) tell({ kind: 'cut', sequence: lastSequence + 1, detail: `the log ends at sequence ${lastSequence}, and the digest of ${newest.at} signed it up to sequence ${newest.sequence}: its tail was cut` });
    },
  };
}
