import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { finished } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import type { Stored } from '#libs/event-log';
import type { GuardContents } from '#libs/read-model';

/** What a backup says of itself. It is written last: without it, a directory is no backup. */
export interface Manifest {
  readonly format: 'heliograph-backup-1';
  readonly region: string;
  readonly at: string;
  readonly logCreatedAt: string;
  readonly lastSequence: number;
  readonly messages: number;
  /** The Merkle root over the last commit of every subject, as in digests. */
  readonly root: string;
  /** SHA-256 of each file, by its name. */
  readonly files: Readonly<Record<string, string>>;
}

export const [logFile, guardFile, manifestFile] = ['log.ndjson.gz', 'guard.json', 'manifest.json'] as const;
/** The keys of persons are in it: nobody but the operator may read it. */
const privateMode = 0o600;

/** An empty directory, made where there is none. Throws where something is in it. */
export async function emptyDirectory(dir: string): Promise<void> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const [first] = await readdir(dir);
  if (first !== undefined) throw new Error(`${dir} is not empty: ${first} is in it. Name a directory of its own for each backup.`);
}

/** Takes the messages of a log, one line each. */
export function logWriter(dir: string) {
  const gzip = createGzip({ level: 1 });
  const file = createWriteStream(join(dir, logFile), { mode: privateMode });
  gzip.pipe(file);
  return {
    async write(messages: readonly Stored[]): Promise<void> {
      const text = messages.map(({ sequence, subject, bytes }) => `${JSON.stringify({ sequence, subject, ...bytesAsJson(bytes) })}\n`).join('');
      if (text !== '' && !gzip.write(text)) await new Promise((resolve) => gzip.once('drain', resolve));
    },
    async end(): Promise<void> {
      gzip.end();
      await finished(file);
    },
  };
}

/** A commit is JSON, and stands there as text; what is no UTF-8 as base64. */
function bytesAsJson(bytes: Uint8Array): { text: string } | { base64: string } {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = buffer.toString('utf8');
  return Buffer.from(text, 'utf8').equals(buffer) ? { text } : { base64: buffer.toString('base64') };
}

/** The messages of a backup in their order. Throws where its file ends in the middle. */
export async function* messagesIn(dir: string): AsyncGenerator<Stored> {
  const lines = createInterface({ input: createReadStream(join(dir, logFile)).pipe(createGunzip()), crlfDelay: Infinity });
  for await (const line of lines) {
    const { sequence, subject, text, base64 } = JSON.parse(line) as { sequence: number; subject: string; text?: string; base64?: string };
    yield { sequence, subject, bytes: text === undefined ? Buffer.from(base64 ?? '', 'base64') : Buffer.from(text, 'utf8') };
  }
}

export const writeGuard = (dir: string, contents: GuardContents): Promise<void> => writeFile(join(dir, guardFile), JSON.stringify(contents), { mode: privateMode });
export const readGuard = async (dir: string): Promise<GuardContents> => JSON.parse(await readFile(join(dir, guardFile), 'utf8')) as GuardContents;

export async function writeManifest(dir: string, facts: Omit<Manifest, 'format' | 'files'>): Promise<void> {
  const files = Object.fromEntries(await Promise.all([logFile, guardFile].map(async (name) => {
    await synced(join(dir, name));
    return [name, await hashOfFile(join(dir, name))] as const;
  })));
  const half = join(dir, `.${manifestFile}`);
  await writeFile(half, `${JSON.stringify({ format: 'heliograph-backup-1', ...facts, files }, null, 2)}\n`, { mode: privateMode });
  await synced(half);
  await rename(half, join(dir, manifestFile));
}

async function synced(path: string): Promise<void> {
  const file = await open(path, 'r');
  await file.sync().finally(() => file.close());
}

/** The manifest of a backup whose files are those that were written. Throws otherwise, and says which is not. */
export async function checkedManifest(dir: string): Promise<Manifest> {
  const text = await readFile(join(dir, manifestFile), 'utf8').catch((cause: unknown) => {
    throw new Error(`${dir} has no ${manifestFile}: it is no backup, or one that was not finished.`, { cause });
  });
  const manifest = JSON.parse(text) as Manifest;
  if (manifest.format !== 'heliograph-backup-1') throw new Error(`${dir} is a backup in another format than this version reads: ${String(manifest.format)}.`);
  for (const [name, hash] of Object.entries(manifest.files)) {
    const found = await hashOfFile(join(dir, name)).catch(() => 'missing');
    if (found !== hash) throw new Error(`${name} of the backup ${found === 'missing' ? 'is missing' : 'is not what was written: it was altered or cut off'}. Take another backup.`);
  }
  return manifest;
}

async function hashOfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('base64url');
}
