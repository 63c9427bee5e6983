import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { CrashPoint } from '#libs/event-log';
import type { Answer, Client, ImageView } from './client.js';
import type { Region, ServiceName } from './region.js';

/** What a client does to an image, as one request that can be repeated with its key. */
export interface Operation {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  readonly key: string;
}

export const newImage = (name: string, more: Readonly<Record<string, unknown>> = {}): object =>
  ({ name, disk_format: 'raw', container_format: 'bare', ...more });

export const creation = (name: string): Operation => ({ method: 'POST', path: '/v2/images', body: newImage(name), key: randomUUID() });
export const change = (imageId: string, changes: Readonly<Record<string, string>>): Operation => ({
  method: 'PATCH', path: `/v2/images/${imageId}`, key: randomUUID(),
  body: Object.entries(changes).map(([name, value]) => ({ op: 'add', path: `/${name}`, value })),
});
export const deletion = (imageId: string): Operation => ({ method: 'DELETE', path: `/v2/images/${imageId}`, key: randomUUID() });
export const upload = (imageId: string, body: Buffer): Operation => ({ method: 'PUT', path: `/v2/images/${imageId}/file`, body, key: randomUUID() });

export const someBytes = (sizeBytes = 200_000): Buffer => randomBytes(sizeBytes);
export const sha512 = (bytes: Buffer): string => createHash('sha512').update(bytes).digest('hex');

export async function createImage(client: Client, name: string): Promise<string> {
  const { method, path, ...rest } = creation(name);
  const answer = await client.askUntilAnswered(method, path, rest);
  if (answer.status !== 201) throw new Error(`the image was not created: ${answer.status} ${answer.bytes.toString('utf8')}`);
  return answer.json().id;
}

/** The image as it is, or undefined where there is none. */
export async function imageNow(client: Client, imageId: string): Promise<ImageView | undefined> {
  const answer = await client.askUntilAnswered('GET', `/v2/images/${imageId}`);
  if (answer.status === 404) return undefined;
  if (answer.status !== 200) throw new Error(`the image was not shown: ${answer.status} ${answer.bytes.toString('utf8')}`);
  return answer.json();
}

/** The image as soon as no upload is under way; an upload whose server died is over when its lease has run out. */
export async function settledImage(client: Client, imageId: string, withinMs = 60_000): Promise<ImageView | undefined> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const image = await imageNow(client, imageId);
    if (image?.status !== 'saving') return image;
    if (performance.now() > deadline) throw new Error(`image ${imageId} was still saving after ${withinMs} ms`);
    await pause(100);
  }
}

export interface HistoryEntry {
  readonly version: number;
  readonly at: string;
  readonly action: string;
  readonly request_id: string;
  readonly changes: readonly { readonly name: string; readonly from: unknown; readonly to: unknown }[];
}

/** The whole history of an image, also of a deleted one. */
export async function historyOf(client: Client, imageId: string): Promise<HistoryEntry[]> {
  const entries: HistoryEntry[] = [];
  for (let path: string | undefined = `/v2/images/${imageId}/history?limit=1000`; path !== undefined;) {
    const answer: Answer = await client.askUntilAnswered('GET', path);
    if (answer.status !== 200) throw new Error(`the history was not told: ${answer.status} ${answer.bytes.toString('utf8')}`);
    const page = answer.json<{ history: HistoryEntry[]; next?: string }>();
    entries.push(...page.history);
    path = page.next;
  }
  return entries;
}

/** Every file that lies in the store, finished or not, as its path below the store. */
export async function filesIn({ storesDir }: Pick<Region, 'storesDir'>): Promise<string[]> {
  const entries = await readdir(storesDir, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name).slice(storesDir.length + 1));
}

export interface Death {
  readonly region: Region;
  readonly client: Client;
  readonly service: ServiceName;
  readonly point: CrashPoint;
  readonly nth?: number;
  /** After this the client gives a request up, and repeats it. */
  readonly timeoutMs?: number;
}

/** The operation is under way when the service dies; its client repeats it while the service is brought back, and this is the answer it gets. */
export async function dyingAt({ region, client, service, point, nth = 1, timeoutMs = 1500 }: Death, { method, path, ...rest }: Operation): Promise<Answer> {
  await region.arm(service, point, nth);
  const answered = client.askUntilAnswered(method, path, { ...rest, timeoutMs });
  const tooEarly = answered.then(({ status }) => { throw new Error(`answered with ${status} before ${service} was at ${point}`); });
  tooEarly.catch(() => undefined);
  const { signal } = await Promise.race([tooEarly, region.ending(service)]);
  if (signal !== 'SIGKILL') throw new Error(`${service} ended by itself: ${region.logOf(service)}`);
  await region.restart(service);
  return answered;
}
