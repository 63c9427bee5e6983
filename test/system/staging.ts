import { randomUUID } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { eventually } from './catalog-system.js';
import type { Client, ImageView } from './client.js';
import { afterImport, requestImport } from './imports.js';
import { historyOf, imageNow, sha512, type Operation } from './operations.js';
import type { Region } from './region.js';

export const staging = (imageId: string, body: Buffer): Operation => ({ method: 'PUT', path: `/v2/images/${imageId}/stage`, body, key: randomUUID() });

/** Every file in the staging area that belongs to the image, finished or not. */
export async function stagedFilesOf({ stagingDir }: Pick<Region, 'stagingDir'>, imageId: string): Promise<string[]> {
  const entries = await readdir(stagingDir, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name).slice(stagingDir.length + 1)).filter((file) => file.includes(imageId));
}

/** The image as soon as no byte is on its way to the staging area: it is queued, or it has the size of what waits there. */
export async function settledStaging(client: Client, imageId: string, withinMs = 60_000): Promise<ImageView | undefined> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const image = await imageNow(client, imageId);
    if (image?.status !== 'uploading' || image.size !== null) return image;
    if (performance.now() > deadline) throw new Error(`image ${imageId} was still uploading after ${withinMs} ms`);
    await pause(100);
  }
}

/** What a careful client does: the same request with the same key, until it was taken. Gives every answer there was. */
export async function stageUntilTaken(client: Client, { method, path, ...rest }: Operation, withinMs = 60_000): Promise<Set<number | 'no answer'>> {
  const answers = new Set<number | 'no answer'>();
  await eventually('what is staged again is taken', async () => {
    const status = await client.ask(method, path, rest).then((answer) => answer.status, () => 'no answer' as const);
    if (status !== 204) await pause(200);
    return answers.add(status).has(204);
  }, withinMs);
  return answers;
}

/** Imports what an image was acknowledged to have in the staging area. Gives what is wrong, nothing where all is well. */
export async function verdictOnStaged(region: Region, client: Client, { imageId, bytes }: { imageId: string; bytes: Buffer }): Promise<string[]> {
  const wrong: string[] = [];
  const hold = (what: string, isSo: boolean): void => { if (!isSo) wrong.push(`image ${imageId}: ${what}`); };
  const waiting = await settledStaging(client, imageId);
  hold(`it is ${waiting?.status} with ${waiting?.size} bytes staged`, waiting?.status === 'uploading' && waiting.size === bytes.length);
  hold('its staged data is not there, or there is more of it', await becomes(async () => (await stagedFilesOf(region, imageId)).length === 1));
  if (wrong.length > 0) return wrong;
  await requestImport(client, imageId, { method: { name: 'glance-direct' } });
  const image = await afterImport(client, imageId);
  hold(`it is ${image.status} after its import`, image.status === 'active');
  hold('its size or hash is not that of what was staged', image.size === bytes.length && image.os_hash_value === sha512(bytes));
  const file = await client.askUntilAnswered('GET', `/v2/images/${imageId}/file`);
  hold('its bytes are not those that were staged', file.status === 200 && file.bytes.equals(bytes));
  const history = await historyOf(client, imageId);
  hold('its staging was completed more than once', history.filter(({ action }) => action === 'CompleteImageStaging').length === 1);
  hold('something of it stays in the staging area', await becomes(async () => (await stagedFilesOf(region, imageId)).length === 0));
  return wrong;
}

const becomes = (isSo: () => Promise<boolean>): Promise<boolean> => eventually('', isSo).then(() => true, () => false);
