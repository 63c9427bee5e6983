import type { Attempt, Image, ImageEvent } from '#libs/domain';
import type { Step } from '../images/history-steps.js';
import { changesBetween } from '../images/image.changes.js';
import { eventInWords, inspectionInWords } from './event-words.js';

/**
 * Why an image is in the state it is in, as its commits alone tell it, in lines for an operator: how it came to its status, the commit that
 * every value of today goes back to, each copy of its data with what was found of it, and its imports. Persons and projects by their ids.
 */
export function whyOf(imageId: string, steps: readonly Step[]): string[] {
  const last = steps.at(-1);
  if (!last?.after.exists) return [`No commit names ${imageId}: there never was such an image.`];
  const image = last.after;
  return [
    `Image ${imageId}${image.name === null ? '' : ` ${shown(image.name)}`} is ${image.status}, at version ${last.commit.version} (sequence ${last.sequence}).`,
    ...section('How it came to be', statusLines(steps)),
    ...section('What it is, and since when', valueLines(image, steps)),
    ...section('Where its data lies', image.attempts.flatMap((attempt) => attemptLines(attempt, steps))),
    ...section('Its imports', importLines(image, steps)),
  ].map(printable);
}

/** Control characters of a client's text must not reach the operator's terminal. */
const printable = (line: string): string => line.replaceAll(/\p{Cc}/gu, '?');

const section = (title: string, lines: readonly string[]): string[] => (lines.length === 0 ? [] : ['', `${title}:`, ...lines.map((line) => `  ${line}`)]);

/** Every commit after which the status was another one, and those that tried to change it and came to nothing. */
function statusLines(steps: readonly Step[]): string[] {
  return steps.filter(({ before, after }) => statusOf(before) !== statusOf(after)).map((step) => {
    const [was, is] = [statusOf(step.before), statusOf(step.after)];
    return `${was === undefined ? is : `${was} -> ${is}`}: ${inWords(step, () => true)}; ${byWhom(step)}`;
  });
}

const statusOf = (state: Step['before']): string | undefined => (state.exists ? state.status : undefined);

/** Each value of today with the last commit that changed it. `status` has told its own story. */
function valueLines(image: Image, steps: readonly Step[]): string[] {
  const since = new Map<string, { readonly step: Step; readonly from: unknown }>();
  for (const step of steps) for (const { name, from } of changesBetween(step.before, step.after)) since.set(name, { step, from });
  const today = changesBetween({ exists: false }, image).filter(({ name }) => name !== 'status');
  return today.flatMap(({ name, to }) => {
    const found = since.get(name);
    return found ? [`${name} is ${shown(to)}${found.from === undefined || found.from === null ? '' : `, was ${shown(found.from)}`}: ${byWhom(found.step)}`] : [];
  });
}

const fates: Readonly<Record<Attempt['state'], string>> = {
  open: 'bytes may be on their way to it', staged: 'staged, and waits for an import', stored: 'holds the data', over: 'is over; its bytes are to be removed',
};

function attemptLines({ attemptId, storeId, state, uri, inspection }: Attempt, steps: readonly Step[]): string[] {
  const mine = (event: ImageEvent): boolean => 'attemptId' in event.data && event.data.attemptId === attemptId;
  return [
    `store ${storeId}, attempt ${attemptId}: ${fates[state]}${uri === undefined ? '' : `, at ${uri}`}`,
    ...steps.filter(({ commit }) => commit.events.some(mine)).map((step) => `  ${inWords(step, mine)}; ${byWhom(step)}`),
    ...(inspection ? [`  what it is: ${inspectionInWords(inspection)}`] : []),
  ];
}

function importLines({ importing }: Image, steps: readonly Step[]): string[] {
  const isOfImport = (event: ImageEvent): boolean => 'importId' in event.data;
  return [
    ...steps.filter(({ commit }) => commit.events.some(isOfImport)).map((step) => `${inWords(step, isOfImport)}; ${byWhom(step)}`),
    ...(importing ? [`import ${importing.importId} holds the image now: still to be filled ${listed(importing.pendingStoreIds)}, done ${listed(importing.doneStoreIds)}, failed ${listed(importing.failedStoreIds)}`] : []),
  ];
}

const listed = (storeIds: readonly string[]): string => (storeIds.length === 0 ? 'none' : storeIds.join(', '));

const inWords = ({ commit }: Step, isMeant: (event: ImageEvent) => boolean): string => commit.events.filter(isMeant).map(eventInWords).join(', ');

function byWhom({ sequence, commit: { version, at, actor, commandType, requestId } }: Step): string {
  const who = actor.authMethod === 'service' ? actor.userId : `user ${actor.userId}${actor.projectId === undefined ? '' : ` of project ${actor.projectId}`} (${actor.authMethod})`;
  return `version ${version}, ${at.toISOString()}, ${commandType} by ${who}, request ${requestId}, sequence ${sequence}`;
}

const longestShown = 200;

function shown(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > longestShown ? `${text.slice(0, longestShown)}… (${text.length} characters)` : text;
}
