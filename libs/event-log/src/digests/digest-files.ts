import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { hashOfText, headLines, headsIn, openDigest, signedDigest, type Digest, type LogHead } from './digest.js';
import type { DigestPlace } from './digest-place.js';

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

/** The digests of a region, oldest first, each signed with the key and naming the one before; what is not so is told of and left out. */
export async function readDigests(place: DigestPlace, region: string, key: KeyObject): Promise<{ readonly digests: readonly KeptDigest[]; readonly faults: readonly DigestFault[] }> {
  const faults: DigestFault[] = [];
  const digests: KeptDigest[] = [];
  let previous = '';
  for (const file of await digestsIn(place, region)) {
    const text = String(await place.read(file) ?? '');
    const hash = hashOfText(text);
    const found = await openKept(place, file, text, key);
    if (typeof found === 'string') faults.push({ file, detail: found });
    else {
      if (found.digest.previous !== previous) faults.push({ file, detail: previous === '' ? 'it names a digest before it, and that is missing' : 'it does not name the digest before it: one between them is missing, or that one was replaced' });
      digests.push({ ...found.digest, file, hash, heads: found.heads });
    }
    previous = hash;
  }
  return { digests, faults };
}

/** In the order of their sequences, whatever folders they stand in. */
async function digestsIn(place: DigestPlace, region: string): Promise<string[]> {
  const names = (await place.list(region)).map((file) => ({ file, name: file.slice(file.lastIndexOf('/') + 1) }));
  return names.filter(({ name }) => name.startsWith(`${region}-`) && /^\d{15}\.json$/.test(name.slice(region.length + 1))).toSorted((a, b) => (a.name < b.name ? -1 : 1)).map(({ file }) => file);
}

async function openKept(place: DigestPlace, file: string, text: string, key: KeyObject): Promise<{ readonly digest: Digest; readonly heads: LogHead[] } | string> {
  const digest = openDigest(text, key);
  if (!digest) return 'it was altered, or not signed with this key';
  const packed = await place.read(file.replace(/json$/, 'heads.gz'));
  const lines = packed && await promisify(gunzip)(packed).then(String, () => undefined);
  if (lines === undefined || hashOfText(lines) !== digest.moved) return 'its list of heads is missing, or was altered';
  return { digest, heads: headsIn(lines) };
}

/** Writes a digest, durably, the list of heads before it; whoever reads the place sees it whole or not at all. Gives its file. */
export async function writeDigest(place: DigestPlace, digest: Omit<Digest, 'format' | 'moved'>, heads: readonly LogHead[], privateKey: KeyObject): Promise<string> {
  const lines = headLines(heads);
  const { region, sequence } = digest;
  const [name, at] = [nameOf(region, sequence), new Date(digest.at)];
  await place.write({ region, name: `${name}.heads.gz`, at }, await promisify(gzip)(lines));
  return place.write({ region, name: `${name}.json`, at }, Buffer.from(signedDigest({ format: 'heliograph-log-digest-1', ...digest, moved: hashOfText(lines) }, privateKey)));
}

/** An Ed25519 key in PEM, private or public. Throws on anything else. */
export async function readDigestKey(file: string): Promise<KeyObject> {
  const pem = await readFile(file, 'utf8');
  const key = pem.includes('PRIVATE KEY') ? createPrivateKey(pem) : createPublicKey(pem);
  if (key.asymmetricKeyType !== 'ed25519') throw new Error(`${file} is no Ed25519 key in PEM. Make one with: openssl genpkey -algorithm ed25519 -out FILE`);
  return key;
}
