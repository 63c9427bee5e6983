import { spawnSync } from 'node:child_process';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { projectDir } from '#libs/embedded';
import { eventually } from './catalog-system.js';
import type { Client } from './client.js';
import { requestImport } from './imports.js';
import { createImage, imageNow, upload } from './operations.js';
import { environment, type Region, type Settings } from './region.js';

/** An operator's command, as `npm run` starts it; `stores` are the options that say where images lie. */
export function operatorCommand(region: Region, stores: Settings, name: string, ...args: string[]): { status: number | null; printed: string } {
  const env = { ...region.operatorEnv, ...environment({ ...stores, 'glance_store.filesystem_store_datadir': region.storesDir }) };
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(projectDir(), 'dist/apps/importer/src', `${name}.js`), ...args], { env, encoding: 'utf8' });
  return { status, printed: `${stdout}${stderr}` };
}

/** An image of these bytes in the stores fast and far. */
export async function anImageInBothStores(client: Client, bytes: Buffer): Promise<string> {
  const imageId = await createImage(client, 'in both stores');
  const { method, path, ...rest } = upload(imageId, bytes);
  await client.askUntilAnswered(method, path, rest);
  await requestImport(client, imageId, { method: { name: 'copy-image' }, stores: ['far'] });
  await eventually('it is in both', async () => String((await imageNow(client, imageId))?.['stores']).split(',').length === 2);
  return imageId;
}

export async function flipAByte(file: string): Promise<void> {
  const handle = await open(file, 'r+');
  const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, 1000);
  await handle.write(Buffer.from([(buffer[0] ?? 0) ^ 1]), 0, 1, 1000);
  await handle.close();
}
