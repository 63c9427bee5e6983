import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { basename } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { text } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { progressLine } from './progress-line.js';
import type { Cloud } from './sign-in.js';

interface Answer { readonly status: number; readonly headers: IncomingMessage['headers']; readonly text: string }
interface Asked { readonly headers?: Readonly<Record<string, string | number>>; readonly body?: unknown; readonly file?: { readonly path: string; readonly from: number; onSent(bytes: number): void } }

/** What must not be tried again: the service has said what is wrong. */
class Refused extends Error {}

/** Asks the image service once, with a file's bytes or JSON as the body. Rejects where no answer came. */
export async function ask(cloud: Cloud, method: string, path: string, asked: Asked = {}): Promise<Answer> {
  const answer = await askOnce(cloud, method, path, asked);
  return answer.status === 401 && !asked.file && await cloud.renew() ? askOnce(cloud, method, path, asked) : answer;
}

async function askOnce(cloud: Cloud, method: string, path: string, { headers = {}, body, file }: Asked): Promise<Answer> {
  const url = new URL(cloud.imageUrl + path);
  const type = body === undefined ? {} : { 'content-type': 'application/json' };
  const sending = (url.protocol === 'https:' ? httpsRequest : httpRequest)(url, { method, agent: false, headers: { 'x-auth-token': cloud.token(), ...type, ...headers } });
  const answered = new Promise<IncomingMessage>((resolve, reject) => { sending.once('response', resolve).once('error', reject); });
  answered.catch(() => {});
  if (file) await sendFile(file, sending, answered);
  else sending.end(body === undefined ? undefined : JSON.stringify(body));
  const response = await answered;
  const answer = { status: response.statusCode ?? 0, headers: response.headers, text: await text(response) };
  sending.destroy();
  return answer;
}

/** A refusal comes while bytes are still being sent: the answer says more than the broken pipe. */
async function sendFile(file: NonNullable<Asked['file']>, sending: ClientRequest, answered: Promise<unknown>): Promise<void> {
  const source = createReadStream(file.path, { start: file.from, highWaterMark: 1024 * 1024 });
  source.on('data', (chunk) => { file.onSent(chunk.length); });
  await Promise.race([pipeline(source, sending).catch(() => answered), answered]);
}

/** The image to upload to: the one that is named, or a new one. */
export async function imageFor(cloud: Cloud, imageId: string | undefined, { file, name = basename(file), diskFormat, containerFormat }: { file: string; name: string | undefined; diskFormat: string; containerFormat: string }): Promise<string> {
  if (imageId !== undefined) return imageId;
  const answer = await ask(cloud, 'POST', '/v2/images', { body: { name, disk_format: diskFormat, container_format: containerFormat } });
  if (answer.status !== 201) throw refusal('The image was not created', answer);
  return (JSON.parse(answer.text) as { id: string }).id;
}

export interface FileUpload { readonly imageId: string; readonly file: string; readonly sizeBytes: number; readonly patienceMs: number; say(text: string): void }

/** Sends what is missing of a file until all of it is staged: after a broken connection from where the service says it is. Rejects with what the service refuses, or when nothing moved for as long as one is patient. */
export async function uploadFile(cloud: Cloud, { imageId, file, sizeBytes, patienceMs, say }: FileUpload): Promise<void> {
  const path = `/v2/images/${imageId}/stage`;
  const line = progressLine(sizeBytes, say);
  const patience = waiting(patienceMs);
  for (;;) {
    try {
      const from = await offsetOf(cloud, path);
      if (from === 'complete') return line.end();
      patience.moved(from);
      line.at(from);
      await sendRest(cloud, path, { path: file, from, sizeBytes, onSent: line.sent });
    } catch (error) {
      if (error instanceof Refused) throw error;
      line.note(messageOf(error));
      await patience.wait(error);
    }
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Waits longer from time to time, and gives up where nothing has moved for too long. */
function waiting(patienceMs: number) {
  let [movedAt, waitMs, furthest] = [Date.now(), 200, -1];
  return {
    moved(at: number): void {
      if (at > furthest) [movedAt, waitMs, furthest] = [Date.now(), 200, at];
    },
    async wait(cause: unknown): Promise<void> {
      if (Date.now() - movedAt > patienceMs) throw new Error(`Nothing moved for ${patienceMs / 1000} seconds; at last: ${messageOf(cause)}`, { cause });
      await pause(waitMs);
      waitMs = Math.min(waitMs * 2, 5000);
    },
  };
}

async function offsetOf(cloud: Cloud, path: string): Promise<number | 'complete'> {
  const { status, headers } = await ask(cloud, 'HEAD', path);
  if (status >= 500) throw new Error(`the image service answered ${status}`);
  if (status !== 200) throw new Refused(`The image service has no upload to go on with: ${status}. An image must be queued, or uploading in parts.`);
  return headers['upload-complete'] === '?1' ? 'complete' : Number(headers['upload-offset']);
}

async function sendRest(cloud: Cloud, path: string, { sizeBytes, ...file }: NonNullable<Asked['file']> & { sizeBytes: number }): Promise<void> {
  const length = sizeBytes - file.from;
  const range = length === 0 ? `bytes */${sizeBytes}` : `bytes ${file.from}-${sizeBytes - 1}/${sizeBytes}`;
  const answer = await ask(cloud, 'PUT', path, { headers: { 'content-type': 'application/octet-stream', 'content-range': range, 'content-length': length }, ...(length > 0 ? { file } : {}) });
  if ([204, 308].includes(answer.status)) return;
  if (answer.status === 401 && await cloud.renew()) return;
  // 400: what arrived is kept. 409 with an offset: an earlier request of ours was still being written down.
  const isPassing = answer.status >= 500 || answer.status === 400 || answer.headers['upload-offset'] !== undefined;
  throw isPassing ? new Error(`the image service answered ${answer.status}`) : refusal('The upload was refused', answer);
}

/** Imports what was staged, waits for its end, and compares what the service has with the file. */
export async function importStaged(cloud: Cloud, { imageId, file, stores, say }: { imageId: string; file: string; stores: readonly string[]; say(text: string): void }): Promise<void> {
  const asked = await ask(cloud, 'POST', `/v2/images/${imageId}/import`, { body: { method: { name: 'glance-direct' }, ...(stores.length > 0 ? { stores } : {}) } });
  if (asked.status !== 202) throw refusal('The import was refused', asked);
  say('importing\n');
  for (;;) {
    const { status, text: shown } = await ask(cloud, 'GET', `/v2/images/${imageId}`);
    if (status !== 200) throw new Error(`the image cannot be shown: ${status}`);
    const image = JSON.parse(shown) as Record<string, unknown>;
    if (image['status'] === 'active') return ensureSame(image, file);
    if (image['status'] !== 'importing') throw new Error(`The import failed; why stands in /v2/images/${imageId}/tasks. The image is ${String(image['status'])}.`);
    await pause(500);
  }
}

async function ensureSame(image: Record<string, unknown>, file: string): Promise<void> {
  const hash = createHash(String(image['os_hash_algo']).replace('_', '-'));
  await pipeline(createReadStream(file, { highWaterMark: 1024 * 1024 }), hash);
  if (hash.digest('hex') !== image['os_hash_value']) throw new Error('The image does not have the bytes of this file: it was begun with another one, or the file changed meanwhile. Delete the image and upload again.');
}

const refusal = (what: string, { status, text: said }: Answer): Refused => new Refused(`${what}: ${status} ${said.replaceAll(/<[^>]*>/g, ' ').replaceAll(/\s+/g, ' ').trim().slice(0, 500)}`);
