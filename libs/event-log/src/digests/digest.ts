import { createHash, createPublicKey, sign, verify, type KeyObject } from 'node:crypto';

/** The last commit of one subject. */
export interface LogHead { readonly subject: string; readonly sequence: number; readonly hash: string }

/**
 * What a log was at one moment, small enough to be kept elsewhere. `root` is a Merkle tree over the last commit of every subject, and each of these is the end of a hash chain, so that it stands
 * for every byte of the log. `previous` is the hash of the digest before, `''` for the first: none can be taken out of the middle.
 */
export interface Digest {
  readonly format: 'heliograph-log-digest-1';
  readonly region: string;
  /** When the log's stream was created: another value is another log, or one that came back from a backup. */
  readonly logCreatedAt: string;
  readonly at: string;
  /** The last message that it stands for. */
  readonly sequence: number;
  readonly aggregates: number;
  readonly root: string;
  readonly previous: string;
  /** SHA-256 of the list of heads that moved since the digest before, as `headLines` writes it. */
  readonly moved: string;
}

const sha256 = (...parts: readonly (string | Buffer)[]): Buffer => parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest();

/** Leaves and nodes begin with different bytes, so that no node can pass for a leaf; of an odd number the last one is taken up as it is. */
export function rootOf(heads: Iterable<LogHead>): string {
  const sorted = [...heads].sort((a, b) => (a.subject < b.subject ? -1 : 1));
  let level = sorted.map(({ subject, sequence, hash }) => sha256('\u0000', JSON.stringify([subject, sequence, hash])));
  if (level.length === 0) return sha256('').toString('base64url');
  while (level.length > 1) level = Array.from({ length: Math.ceil(level.length / 2) }, (_, place) => above(level, place));
  return level[0]?.toString('base64url') ?? '';
}

function above(level: readonly Buffer[], place: number): Buffer {
  const [left, right] = [level[2 * place], level[2 * place + 1]];
  if (!left) throw new Error('a level of the tree has no such place');
  return right ? sha256('\u0001', left, right) : left;
}

/** One line a head, in the order of their sequences. */
export const headLines = (heads: readonly LogHead[]): string =>
  heads.toSorted((a, b) => a.sequence - b.sequence).map(({ sequence, subject, hash }) => `${sequence} ${subject} ${hash}\n`).join('');

export function headsIn(lines: string): LogHead[] {
  return lines.split('\n').filter((line) => line !== '').map((line) => {
    const [sequence = '', subject = '', hash = ''] = line.split(' ');
    return { sequence: Number(sequence), subject, hash };
  });
}

export const hashOfText = (text: string): string => sha256(text).toString('base64url');

/** A digest as its file holds it: its JSON in one line, and the Ed25519 signature of that line in the next. */
export function signedDigest(digest: Digest, privateKey: KeyObject): string {
  const line = JSON.stringify(digest);
  return `${line}\n${sign(null, Buffer.from(line), privateKey).toString('base64url')}\n`;
}

/** The digest in a file; undefined where it was not signed with this key as it is. Takes the private key, too. */
export function openDigest(text: string, key: KeyObject): Digest | undefined {
  const [line = '', signature = ''] = text.split('\n');
  const publicKey = key.type === 'private' ? createPublicKey(key) : key;
  if (!verify(null, Buffer.from(line), publicKey, Buffer.from(signature, 'base64url'))) return undefined;
  const digest = JSON.parse(line) as Digest;
  return digest.format === 'heliograph-log-digest-1' ? digest : undefined;
}
