import { execFile } from 'node:child_process';
import { join } from 'node:path';
import pg from 'pg';
import { projectDir } from '#libs/embedded';
import type { Client } from './client.js';
import type { Outcome, Story } from './load.js';
import { historyOf, settledImage, sha512, type HistoryEntry } from './operations.js';
import type { Region } from './region.js';

/** Holds what the owner of an image was told against what is there in the end. Gives what is wrong, nothing where all is well. */
export async function verdictOn(client: Client, story: Story): Promise<string[]> {
  const { imageId } = story;
  const image = await settledImage(client, imageId, 30_000);
  const history = await historyOrNothing(client, imageId);
  const wrong: string[] = [];
  const hold = (what: string, isSo: boolean): void => { if (!isSo) wrong.push(`image ${imageId}: ${what}`); };

  hold('its versions are not 1, 2, 3 …', history.every(({ version }, index) => version === index + 1));
  hold('it was created more than once, or not', matches(story.created, count(history, 'CreateImage')));
  hold('it was deleted more than once, or not', matches(story.deleted, count(history, 'DeleteImage')));
  const deletedAt = history.findIndex(({ action }) => action === 'DeleteImage');
  hold('it is there though deleted, or not there though not deleted', (image === undefined) === (history.length === 0 || deletedAt >= 0));
  hold('it was changed after its deletion', deletedAt < 0 || history.slice(deletedAt + 1).every(({ action }) => action === 'RecordImageDataRemoved'));
  hold('its upload was completed more than once, or not', matches(story.uploaded, count(history, 'CompleteImageDataUpload')));
  holdChanges(story, history, hold);
  if (image === undefined) return wrong;

  const last = historicValues(history).at(-1) ?? 0;
  hold(`it shows n=${String(image['n'])} though the last change was to ${last}`, Number(image['n'] ?? 0) === last);
  hold('a tag that was acknowledged is missing', [...story.tags].every(([tag, outcome]) => outcome !== 'acknowledged' || image.tags.includes(tag)));
  hold('it has a tag that nobody gave', image.tags.every((tag) => story.tags.has(tag)));
  const isCompleted = count(history, 'CompleteImageDataUpload') === 1;
  hold(`it is ${image.status}`, image.status === (isCompleted ? 'active' : 'queued'));
  if (!isCompleted) return wrong;
  hold('its size or hash is not that of what was uploaded', image.size === story.data.length && image.os_hash_value === sha512(story.data));
  const file = await client.askUntilAnswered('GET', `/v2/images/${imageId}/file`);
  hold('its bytes are not those that were uploaded', file.status === 200 && file.bytes.equals(story.data));
  return wrong;
}

/** Each acknowledged change stands in the history once; no other more than once; and those one client was told of, in the order in which it was told. */
function holdChanges({ changes }: Story, history: readonly HistoryEntry[], hold: (what: string, isSo: boolean) => void): void {
  const values = historicValues(history);
  changes.forEach((outcome, index) => hold(`its change to n=${index + 1} (${outcome}) took place ${values.filter((n) => n === index + 1).length} times`, matches(outcome, values.filter((n) => n === index + 1).length)));
  const told = values.filter((n) => changes[n - 1] === 'acknowledged');
  hold(`its acknowledged changes took place in another order: ${told.join(', ')}`, told.every((n, index) => index === 0 || n > (told[index - 1] ?? 0)));
}

const historicValues = (history: readonly HistoryEntry[]): number[] =>
  history.filter(({ action }) => action === 'ChangeImageProperties').flatMap(({ changes }) => changes.filter(({ name }) => name === 'n').map(({ to }) => Number(to)));

const count = (history: readonly HistoryEntry[], action: string): number => history.filter((entry) => entry.action === action).length;

function matches(outcome: Outcome | undefined, times: number): boolean {
  if (outcome === 'unknown') return times <= 1;
  return times === (outcome === 'acknowledged' ? 1 : 0);
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
