import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { isLowerUuid } from '#libs/contracts';
import { runOperatorCommand } from '#libs/platform';
import { formatRules, rescanImages, type Rescanned } from '#libs/transfers';
import { askStored, operatorStores, sendAs, untilInterrupted } from './operator-stores.js';

const mebibyte = 1024 ** 2;
/** So many images may be looked at twice where the command is killed. */
const remembersEvery = 20;

await runOperatorCommand({
  name: 'images:rescan',
  purpose: 'Looks at the data of all stored images with the rules of inspection that there are today, and writes what differs from what was known into their histories. Reads at most heliograph.scrub_rate a second. With a STATE_FILE it remembers there how far it came, and goes on after that when it is run again. Exit status 1 when an active image would be refused today.',
  flags: { 'dry-run': 'Only look, and say what is found.', deactivate: 'Deactivate active images whose data would be refused today.' },
  takes: 'STATE_FILE',
  async run({ env, bus, isSet, named: [stateFile], say }) {
    const { config, stores } = await operatorStores({ env });
    const after = await placeIn(stateFile);
    if (after !== undefined) say(`going on after image ${after}`);
    const totals: Totals = { looked: 0, news: 0, unreadable: 0, refused: 0 };
    const rescanning = rescanImages({ stores, formats: formatRules(config), askStored: askStored(bus), send: sendAs(bus) }, {
      bytesPerSecond: config.scrubRate * mebibyte, signal: untilInterrupted(), isDryRun: isSet('dry-run'), deactivates: isSet('deactivate'), ...(after === undefined ? {} : { after }),
    });
    for await (const rescanned of rescanning) {
      count(rescanned, totals);
      if (isWorthALine(rescanned)) say(lineOf(rescanned));
      if (totals.looked % remembersEvery === 0) await remember(stateFile, rescanned.imageId);
    }
    await forget(stateFile);
    say(`${totals.looked} images: ${totals.news} with something new, ${totals.unreadable} unreadable, ${totals.refused} active that would be refused today`);
    return totals.refused > 0 ? 1 : 0;
  },
});

interface Totals { looked: number; news: number; unreadable: number; refused: number }

function count({ found, refusal, isActive }: Rescanned, totals: Totals): void {
  totals.looked += 1;
  if (found === 'something new') totals.news += 1;
  if (found === 'unreadable') totals.unreadable += 1;
  if (refusal !== undefined && isActive) totals.refused += 1;
}

function isWorthALine({ found, refusal }: Rescanned): boolean {
  return found !== 'what was known' || refusal !== undefined;
}

function lineOf({ imageId, found, rules, refusal, isActive, done, error }: Rescanned): string {
  const why = error instanceof Error ? `: ${error.message}` : '';
  const broken = rules.length > 0 ? `; rules ${rules.join(', ')}` : '';
  const refused = refusal === undefined ? '' : `; ${isActive ? 'active, and ' : ''}would be refused today: ${refusal}`;
  return `image ${imageId}: ${found}${why}${broken}${refused}${done === 'nothing' ? '' : `; ${done}`}`;
}

async function placeIn(file: string | undefined): Promise<string | undefined> {
  if (file === undefined) return undefined;
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    if ((error as { code?: unknown }).code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  if (!isLowerUuid(text.trim())) throw new Error(`${file} does not say how far a rescan came. Give another file, or remove it to begin anew.`);
  return text.trim();
}

/** Written aside first: a file that is half written would say nothing. */
async function remember(file: string | undefined, imageId: string): Promise<void> {
  if (file === undefined) return;
  await writeFile(`${file}.new`, `${imageId}\n`);
  await rename(`${file}.new`, file);
}

async function forget(file: string | undefined): Promise<void> {
  if (file !== undefined) await rm(file, { force: true });
}
