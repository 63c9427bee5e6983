import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { open, readdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { hashOfText, headLines, headsIn, openDigest, signedDigest, type Digest, type LogHead } from './digest.js';

/** A digest that was kept, with the heads that moved since the one before. */
export interface KeptDigest extends Digest {
  readonly file: string;
  /** The hash of its file, which the next one names. */
  readonly hash: string;
  readonly heads: readonly LogHead[];
}

/** What is wrong with the digests themselves. */
export interface DigestFault { readonly file: string; readonly detail: string }

const nameOf = (region: string, sequence: number): string => `${region}-${String(sequence).padStart(15, '0')}`;

/** The digests of a region in a directory, oldest first, each signed with the key and naming the one before; what is not so is told of and left out. */
export async function readDigests(dir: string, region: string, key: KeyObject): Promise<{ readonly digests: readonly KeptDigest[]; readonly faults: readonly DigestFault[] }> {
  const faults: DigestFault[] = [];
  const digests: KeptDigest[] = [];
  const names = (await readdir(dir)).filter((name) => name.startsWith(`${region}-`) && /-\d{15}\.json$/.test(name)).toSorted();
  let previous = '';
  for (const file of names) {
    const text = await readFile(join(dir, file), 'utf8');
    const hash = hashOfText(text);
    const found = await openKept(dir, file, text, key);
    if (typeof found === 'string') faults.push({ file, detail: found });
    else {
      if (found.digest.previous !== previous) faults.push({ file, detail: previous === '' ? 'it names a digest before it, and that is missing' : 'it does not name the digest before it: one between them is missing, or that one was replaced' });
      digests.push({ ...found.digest, file, hash, heads: found.heads });
    }
    previous = hash;
  }
  return { digests, faults };
}

async function openKept(dir: string, file: string, text: string, key: KeyObject): Promise<{ readonly digest: Digest; readonly heads: LogHead[] } | string> {
  const digest = openDigest(text, key);
  if (!digest) return 'it was altered, or not signed with this key';
  const lines = await readFile(join(dir, file.replace(/json$/, 'heads.gz'))).then((bytes) => promisify(gunzip)(bytes)).then(String, () => undefined);
  if (lines === undefined || hashOfText(lines) !== digest.moved) return 'its list of heads is missing, or was altered';
  return { digest, heads: headsIn(lines) };
}

/** Writes a digest, durably, the list of heads before it; whoever reads the directory sees it whole or not at all. */
export async function writeDigest(dir: string, digest: Omit<Digest, 'format' | 'moved'>, heads: readonly LogHead[], privateKey: KeyObject): Promise<string> {
  const lines = headLines(heads);
  const name = nameOf(digest.region, digest.sequence);
  await writeWhole(dir, `${name}.heads.gz`, await promisify(gzip)(lines));
  await writeWhole(dir, `${name}.json`, Buffer.from(signedDigest({ format: 'heliograph-log-digest-1', ...digest, moved: hashOfText(lines) }, privateKey)));
  return `${name}.json`;
}

async function writeWhole(dir: string, name: string, bytes: Buffer): Promise<void> {
  const half = join(dir, `.${name}.part`);
  const file = await open(half, 'w', 0o644);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(half, join(dir, name));
}

/** An Ed25519 key in PEM, private or public. Throws on anything else. */
export async function readDigestKey(file: string): Promise<KeyObject> {
  const pem = await readFile(file, 'utf8');
  const key = pem.includes('PRIVATE KEY') ? createPrivateKey(pem) : createPublicKey(pem);
  if (key.asymmetricKeyType !== 'ed25519') throw new Error(`${file} is no Ed25519 key in PEM. Make one with: openssl genpkey -algorithm ed25519 -out FILE`);
  return key;
}
