import { execFile } from 'node:child_process';
import { join } from 'node:path';
import pg from 'pg';
import { projectDir } from '#libs/embedded';
import type { Client } from './client.js';
import { faultsOf } from './checker.js';
import type { Story } from './load.js';
import { historyOf, settledImage, sha512, type HistoryEntry } from './operations.js';
import type { Region } from './region.js';

/** Holds what was told of an image against what is there in the end. Gives what is wrong, nothing where all is well. */
export async function verdictOn(client: Client, story: Story): Promise<string[]> {
  const { imageId } = story;
  const image = await settledImage(client, imageId, 30_000);
  const history = await historyOrNothing(client, imageId);
  const wrong = faultsOf(story, history, image && { status: image.status, tags: image.tags, n: Number(image['n'] ?? 0) });
  if (image?.status !== 'active') return wrong;
  if (image.size !== story.data.length || image.os_hash_value !== sha512(story.data)) wrong.push(`image ${imageId}: its size or hash is not that of what was uploaded`);
  const file = await client.askUntilAnswered('GET', `/v2/images/${imageId}/file`);
  if (file.status !== 200 || !file.bytes.equals(story.data)) wrong.push(`image ${imageId}: its bytes are not those that were uploaded`);
  return wrong;
}

async function historyOrNothing(client: Client, imageId: string): Promise<HistoryEntry[]> {
  const answer = await client.askUntilAnswered('GET', `/v2/images/${imageId}/history?limit=1`);
  return answer.status === 404 ? [] : historyOf(client, imageId);
}

/** Runs a command of the operator as npm would. */
export function operatorSays({ operatorEnv }: Region, script: 'log-verify' | 'catalog-rebuild' | 'staging-sweep', ...flags: string[]): Promise<{ status: number; said: string }> {
  return new Promise((resolve) => {
    const app = script === 'staging-sweep' ? 'staging' : 'catalog';
    execFile(process.execPath, [join(projectDir(), 'dist/apps', app, 'src', `${script}.js`), ...flags], { env: operatorEnv, cwd: projectDir(), timeout: 120_000 },
      (error, stdout, stderr) => resolve({ status: error ? Number(error.code ?? 1) : 0, said: stdout + stderr }));
  });
}

const tables = ['position', 'images', 'image_members', 'data_attempts', 'parked_images', 'metadef_namespaces', 'metadef_resource_types', 'parked_namespaces', 'imports'];

/** Every row of the live catalogue. */
export async function catalogueRows({ stack }: Region): Promise<Record<string, unknown[]>> {
  const database = new pg.Client({ connectionString: stack.databaseUrl });
  await database.connect();
  try {
    const rows: Record<string, unknown[]> = {};
    for (const table of tables) {
      rows[table] = (await database.query<{ row: unknown }>(`select to_jsonb(t) as row from catalog.${table} t order by to_jsonb(t)::text`)).rows.map(({ row }) => row);
    }
    return rows;
  } finally {
    await database.end();
  }
}
