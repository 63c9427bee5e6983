import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Upload } from 'tus-js-client';
import { projectDir } from '#libs/embedded';
import type { Client } from './client.js';
import type { Region } from './region.js';

export interface Sent { readonly requests: number; readonly fromZero: number }

/** How far an upload is by Content-Range; undefined where nobody answers. */
async function offsetOf({ url }: Pick<Region, 'url'>, { token }: Pick<Client, 'token'>, imageId: string): Promise<{ at: number; isComplete: boolean } | undefined> {
  const answer = await fetch(`${url}/v2/images/${imageId}/stage`, { method: 'HEAD', headers: { 'x-auth-token': token }, signal: AbortSignal.timeout(20_000) }).catch(() => undefined);
  if (answer?.status !== 200) return undefined;
  return { at: Number(answer.headers.get('upload-offset')), isComplete: answer.headers.get('upload-complete') === '?1' };
}

/**
 * Sends a file with curl, from where the service says that it is, until it says that all of it is there. `onOffset` hears every offset that was told: none may ever be
 * lower than one before it.
 */
export async function sendWithCurl(region: Pick<Region, 'url'>, client: Client, { imageId, file, sizeBytes, bytesPerSecond, onOffset, withinMs = 120_000 }: {
  imageId: string; file: string; sizeBytes: number; bytesPerSecond: number; onOffset(at: number): void; withinMs?: number;
}): Promise<Sent> {
  const deadline = performance.now() + withinMs;
  for (let requests = 0, fromZero = 0; performance.now() < deadline;) {
    const known = await offsetOf(region, client, imageId);
    if (known?.isComplete) return { requests, fromZero };
    if (known && known.at < sizeBytes) {
      onOffset(known.at);
      requests += 1;
      if (known.at === 0) fromZero += 1;
      await curl([
        '--silent', '--show-error', '--max-time', '60', '--limit-rate', String(bytesPerSecond), '--header', `X-Auth-Token: ${client.token}`, '--header', 'Content-Type: application/octet-stream',
        '--header', 'Expect:',
        // At the start curl says nothing of a range by itself.
        ...(known.at === 0 ? ['--header', `Content-Range: bytes 0-${sizeBytes - 1}/${sizeBytes}`] : ['--continue-at', String(known.at)]), '--upload-file', file, `${region.url}/v2/images/${imageId}/stage`,
      ]);
    }
    await pause(100);
  }
  throw new Error(`image ${imageId} was not uploaded within ${withinMs} ms`);
}

/** Our own command, as a user runs it; gives what it said. */
export function sendWithCommand({ url }: Pick<Region, 'url'>, { token }: Pick<Client, 'token'>, file: string, ...options: string[]): Promise<{ status: number | null; said: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(projectDir(), 'dist/apps/upload/src/main.js'), file, ...options], { env: { PATH: process.env['PATH'], OS_TOKEN: token, OS_IMAGE_ENDPOINT: `${url}/v2` }, stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => { said += chunk.toString('utf8'); });
    child.once('error', reject).once('close', (status) => { resolve({ status, said }); });
  });
}

function curl(args: readonly string[]): Promise<number | null> {
  return new Promise((resolve, reject) => {
    const child = spawn('curl', [...args], { stdio: ['ignore', 'ignore', 'ignore'] });
    child.once('error', reject).once('exit', (code) => { resolve(code); });
  });
}

export const tusPartBytes = 400_000;

/** What the released tus client sends, as it is: its parts, each after a pause, so that it is met by a kill. */
export function sendWithTus({ url }: Pick<Region, 'url'>, { token }: Pick<Client, 'token'>, { imageId, bytes, parallelUploads, pauseMs, mostTries, onOffset }: {
  readonly imageId: string; readonly bytes: Buffer; readonly parallelUploads: number; readonly pauseMs: number; readonly mostTries: number; onOffset(at: number): void;
}): Promise<void> {
  let tries = 0;
  return new Promise((resolve, reject) => {
    const upload = new Upload(bytes, {
      endpoint: `${url}/v2/images/${imageId}/uploads`, headers: { 'X-Auth-Token': token }, chunkSize: tusPartBytes, parallelUploads,
      retryDelays: Array.from({ length: mostTries }, () => 300), metadata: { filename: 'disk.raw' },
      onChunkComplete: (_, accepted) => { onOffset(accepted); }, onShouldRetry: () => true, onSuccess: () => { resolve(); },
      // The last request of a parallel upload, which joins its parts, is the one that the client does not repeat by itself.
      onError: (error) => { if (parallelUploads > 1 && tries++ < mostTries) setTimeout(() => { upload.start(); }, 300); else reject(error); },
      onBeforeRequest: () => new Promise((proceed) => { setTimeout(proceed, pauseMs); }),
    });
    upload.start();
  });
}
