/**
 * What clients were told, held against the final history: no lost update, no phantom, no read that goes backwards. Pure, so that its own specification can show
 * that it fails where it must. `load.ts` gathers what was told, `verdict.ts` fetches the history.
 */

/** Refused: nothing was done. Unknown: it may have been done, or be done later; nobody was told. */
export type Outcome = 'acknowledged' | 'refused' | 'unknown';

/** One image as its clients know it. Its owner waits for each answer before the next request; others add tags and read. */
export interface Told {
  readonly imageId: string;
  readonly created: Outcome;
  readonly deleted?: Outcome;
  readonly uploaded?: Outcome;
  /** The values that property `n` was set to, in the order in which they were sent: 1, 2, 3 … */
  readonly changes: readonly Outcome[];
  readonly tags: ReadonlyMap<string, Outcome>;
  /** In the order in which they were answered. */
  readonly reads: readonly Read[];
}

/** What one client was shown of property `n`; 0 for none. */
export interface Read {
  readonly client: number;
  readonly n: number;
  /** The last change that was acknowledged before this read was sent; 0 for none. */
  readonly acknowledged: number;
  /** How many changes had been sent when this read was answered. */
  readonly sent: number;
}

export interface Entry {
  readonly version: number;
  readonly action: string;
  readonly changes: readonly { readonly name: string; readonly to?: unknown }[];
}

export interface FinalImage { readonly status: string; readonly tags: readonly string[]; readonly n: number }

/** Everything that is wrong with one image; nothing where all is well. `image` is what is shown in the end, undefined where nothing is. */
export function faultsOf(told: Told, history: readonly Entry[], image: FinalImage | undefined): string[] {
  const faults: string[] = [];
  const hold: Hold = (what, isSo) => { if (!isSo) faults.push(`image ${told.imageId}: ${what}`); };
  holdHistory(told, history, hold);
  holdChanges(told, history, hold);
  holdReads(told, valuesIn(history), hold);
  const isGone = history.length === 0 || count(history, 'DeleteImage') > 0;
  hold('it is there though deleted, or not there though not deleted', (image === undefined) === isGone);
  if (image) holdImage(told, history, image, hold);
  return faults;
}

type Hold = (what: string, isSo: boolean) => void;

/** Each commit once, and nothing that nobody asked for. */
function holdHistory(told: Told, history: readonly Entry[], hold: Hold): void {
  hold('its versions are not 1, 2, 3 …', history.every(({ version }, index) => version === index + 1));
  hold('it was created more than once, or not', matches(told.created, count(history, 'CreateImage')));
  hold('it was deleted more than once, or not', matches(told.deleted, count(history, 'DeleteImage')));
  hold('its upload was completed more than once, or not', matches(told.uploaded, count(history, 'CompleteImageDataUpload')));
  hold('it was created after something else', count(history, 'CreateImage') === 0 || history[0]?.action === 'CreateImage');
  const deletedAt = history.findIndex(({ action }) => action === 'DeleteImage');
  hold('it was changed after its deletion', deletedAt < 0 || history.slice(deletedAt + 1).every(({ action }) => action === 'RecordImageDataRemoved'));
  hold('more tags were added than anybody gave', count(history, 'AddImageTag') <= told.tags.size);
}

/** Each acknowledged change took place once; no other more than once, and none that was never sent; those that were acknowledged in the order in which they were. */
function holdChanges({ changes }: Told, history: readonly Entry[], hold: Hold): void {
  const values = valuesIn(history);
  changes.forEach((outcome, index) => {
    const times = values.filter((n) => n === index + 1).length;
    hold(`its change to n=${index + 1} (${outcome}) took place ${times} times`, matches(outcome, times));
  });
  const phantoms = values.filter((n) => !(n >= 1 && n <= changes.length));
  hold(`it was changed to ${phantoms.join(', ')}, which nobody sent`, phantoms.length === 0);
  const acknowledged = values.filter((n) => changes[n - 1] === 'acknowledged');
  hold(`its acknowledged changes took place in another order: ${acknowledged.join(', ')}`, acknowledged.every((n, index) => index === 0 || n > (acknowledged[index - 1] ?? 0)));
}

/** Every read shows a state that there was, not before what was acknowledged when it was sent, not after what had been sent, and for one client never an earlier one than before. */
function holdReads({ reads }: Told, values: readonly number[], hold: Hold): void {
  const place = (n: number): number => (n === 0 ? 0 : values.indexOf(n) + 1);
  const seen = new Map<number, Read>();
  for (const read of reads) {
    const { client, n, acknowledged, sent } = read;
    const whose = `client ${client} was shown n=${n}`;
    hold(`${whose}, which it never had`, n === 0 || place(n) > 0);
    hold(`${whose} after n=${acknowledged} was acknowledged`, place(n) >= place(acknowledged));
    hold(`${whose} when only ${sent} changes had been sent`, n <= sent);
    const before = seen.get(client);
    hold(`${whose} after it had been shown n=${before?.n}`, before === undefined || place(n) >= place(before.n));
    if (before === undefined || place(n) > place(before.n)) seen.set(client, read);
  }
}

/** What is shown in the end is what the history says. */
function holdImage({ tags }: Told, history: readonly Entry[], image: FinalImage, hold: Hold): void {
  const last = valuesIn(history).at(-1) ?? 0;
  hold(`it shows n=${image.n} though the last change was to ${last}`, image.n === last);
  hold('a tag that was acknowledged is missing', [...tags].every(([tag, outcome]) => outcome !== 'acknowledged' || image.tags.includes(tag)));
  hold('it has a tag that nobody gave', image.tags.every((tag) => tags.has(tag)));
  hold(`it is ${image.status}`, image.status === (count(history, 'CompleteImageDataUpload') === 1 ? 'active' : 'queued'));
}

const valuesIn = (history: readonly Entry[]): number[] =>
  history.filter(({ action }) => action === 'ChangeImageProperties').flatMap(({ changes }) => changes.filter(({ name }) => name === 'n').map(({ to }) => Number(to)));

const count = (history: readonly Entry[], action: string): number => history.filter((entry) => entry.action === action).length;

function matches(outcome: Outcome | undefined, times: number): boolean {
  if (outcome === 'unknown') return times <= 1;
  return times === (outcome === 'acknowledged' ? 1 : 0);
}
