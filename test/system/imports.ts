import { setTimeout as pause } from 'node:timers/promises';
import type { Client, ImageView } from './client.js';
import type { WebServer } from '../api/web-server.js';
import { createImage, filesIn, historyOf, imageNow, sha512 } from './operations.js';
import type { Random } from './random.js';
import type { Region } from './region.js';

/** Asks for an import; answered however long it takes. */
export async function requestImport(client: Client, imageId: string, body: object): Promise<void> {
  const { status, bytes } = await client.askUntilAnswered('POST', `/v2/images/${imageId}/import`, { body });
  if (status !== 202) throw new Error(`the import was refused: ${status} ${bytes.toString('utf8')}`);
}

/** Stages bytes, again and again where an outage is in the way. */
export async function stage(client: Client, imageId: string, body: Buffer, withinMs = 60_000): Promise<void> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const status = await client.ask('PUT', `/v2/images/${imageId}/stage`, { body }).then((answer) => answer.status, () => 0);
    if (status === 204 || (status === 409 && await isStaged(client, imageId, body.length))) return;
    if (performance.now() > deadline) throw new Error(`nothing could be staged: ${status}`);
    await pause(300);
  }
}

/** An earlier try may have come through, though nobody said so. */
async function isStaged(client: Client, imageId: string, sizeBytes: number): Promise<boolean> {
  const image = await imageNow(client, imageId);
  return image?.status === 'uploading' && image.size === sizeBytes;
}

/** The image as soon as no import holds it. */
export async function afterImport(client: Client, imageId: string, withinMs = 40_000): Promise<ImageView> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const image = await imageNow(client, imageId);
    if (image && image['os_glance_import_task'] === undefined && image.status !== 'importing' && image.status !== 'uploading') return image;
    if (performance.now() > deadline) throw new Error(`image ${imageId} is still ${image?.status} under ${String(image?.['os_glance_import_task'])} after ${withinMs} ms`);
    await pause(100);
  }
}

export interface Expected { readonly imageId: string; readonly bytes: Buffer; readonly stores: readonly string[]; readonly imports: number }

export interface ImportLoad {
  readonly client: Client;
  readonly web: WebServer;
  readonly random: Random;
  readonly signal: AbortSignal;
  /** Takes what must come of it. */
  readonly expected: Expected[];
}

/** Imports image after image until `signal` aborts, each by one method, or by two, one after the other. The region has stores fast and far. */
export async function importAgainAndAgain({ client, web, random, signal, expected }: ImportLoad): Promise<void> {
  while (!signal.aborted) {
    const imageId = await createImage(client, 'imported');
    const bytes = random.bytes(200_000 + random.below(3_000_000));
    const toBoth = random.chance(0.5);
    if (random.chance(0.5)) {
      await stage(client, imageId, bytes, 180_000);
      await requestImport(client, imageId, { method: { name: 'glance-direct' }, all_stores: toBoth });
    } else {
      web.serve(`/${imageId}`, bytes);
      await requestImport(client, imageId, { method: { name: 'web-download', uri: `${web.url}/${imageId}` }, all_stores: toBoth });
    }
    const isCopied = !toBoth && random.chance(0.5);
    if (isCopied) {
      await afterImport(client, imageId, 180_000);
      await requestImport(client, imageId, { method: { name: 'copy-image' }, all_stores: true });
    }
    expected.push({ imageId, bytes, stores: toBoth || isCopied ? ['fast', 'far'] : ['fast'], imports: isCopied ? 2 : 1 });
    await pause(random.below(200));
  }
}

/** Holds an image whose imports are over against what was asked for. Gives what is wrong, nothing where all is well. */
export async function verdictOnImport(region: Region, client: Client, { imageId, bytes, stores, imports }: Expected): Promise<string[]> {
  const wrong: string[] = [];
  const hold = (what: string, isSo: boolean): void => { if (!isSo) wrong.push(`image ${imageId}: ${what}`); };
  const image = await afterImport(client, imageId).catch((error: Error) => error);
  if (image instanceof Error) return [image.message];
  const history = await historyOf(client, imageId);
  const times = (action: string): number => history.filter((entry) => entry.action === action).length;
  hold(`it is ${image.status}`, image.status === 'active');
  if (image.status !== 'active') wrong.push(`image ${imageId}: ${await reasonsOf(client, imageId)}`);
  hold(`it lies in ${String(image['stores'])}`, String(image['stores']).split(',').sort().join() === [...stores].sort().join());
  hold('its size or hash is not that of its bytes', image.size === bytes.length && image.os_hash_value === sha512(bytes));
  const brought = stores.length - (times('CompleteImageDataUpload'));
  hold(`${times('CompleteStoreImport')} stores were filled where ${brought} were to be`, times('CompleteStoreImport') === brought);
  hold(`${times('RequestImageImport')} imports were asked for and ${times('FinishImport')} ended`, times('RequestImageImport') === imports && times('FinishImport') === imports);
  const file = await client.askUntilAnswered('GET', `/v2/images/${imageId}/file`);
  hold('its bytes are not those that were imported', file.status === 200 && file.bytes.equals(bytes));
  return [...wrong, ...await strayFiles(region, { imageId, stores })];
}

/** What its imports say of their ends. */
async function reasonsOf(client: Client, imageId: string): Promise<string> {
  const { tasks } = (await client.askUntilAnswered('GET', `/v2/images/${imageId}/tasks`)).json<{ tasks: readonly { status: string; message: string }[] }>();
  return tasks.map(({ status, message }) => `${status}: ${message}`).join('; ');
}

/** What lies in the stores for an image beyond one file for each of its stores, once there was time to remove it. */
async function strayFiles(region: Region, { imageId, stores }: Pick<Expected, 'imageId' | 'stores'>): Promise<string[]> {
  for (let tries = 0; ; tries += 1) {
    const found = (await filesIn(region).catch(() => [])).filter((file) => file.includes(imageId)).map((file) => file.split('/')[0] ?? '').sort();
    if (found.join() === [...stores].sort().join()) return [];
    if (tries === 200) return [`image ${imageId}: its files lie in ${found.join(', ')}`];
    await pause(100);
  }
}
