/** What of an outcome must be the same at both sides: no times, ids that a server chose, addresses, widths of columns, and of a refusal no sentences of a service's own. */

const uuid = /\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g;
/** Those of a table have lost their spaces. */
const moments = [/\d{4}-\d\d-\d\d\d\d:\d\d:\d\d(\.\d+)?/g, /\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(\+00:00|Z)?/g, /\b1[78]\d{8}\.\d+\b/g];

/** `hide` are pairs of a text and what stands for it; `sorted` lines have no order; of `shape` only the names are compared; names that `without` fits are left out. */
export function normalised(outcome, { hide, sorted = false, shape = false, without }) {
  const text = (each) => plainText(each, hide);
  if ('status' in outcome) return { status: outcome.status, stdout: printed(outcome.stdout, { text, sorted, shape, without }), stderr: linesOf(refusal(text(outcome.stderr))) };
  if ('raised' in outcome) return { raised: outcome.raised, message: refusal(text(outcome.message)).trim() };
  const returned = lacking(deep(outcome.returned, text), without);
  return { returned: shape ? namesIn(returned) : ordered(returned, sorted) };
}

/** Every text in a value; a number that can only be a moment of these years is one. */
function deep(value, text) {
  if (typeof value === 'string') return text(value);
  if (typeof value === 'number') return value > 1.7e9 && !Number.isInteger(value) ? '<moment>' : value;
  if (Array.isArray(value)) return value.map((each) => deep(each, text));
  return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value).map(([name, each]) => [text(name), deep(each, text)])) : value;
}

/** Names in brackets, as tags, have no order. */
function plainText(given, hide) {
  let text = given;
  for (const [secret, name] of hide) text = text.replaceAll(secret, name);
  for (const moment of moments) text = text.replaceAll(moment, '<moment>');
  return text.replaceAll(/\[('[^']*'(?:, '[^']*')+)\]/g, (_, names) => `[${names.split(', ').toSorted().join(', ')}]`).replaceAll(uuid, '<id>').replaceAll(/req-<id>/g, '<request>')
    // Each names the place of data in a store of its own as it likes: docs/deviations.md, locations of data in our own stores.
    .replaceAll(/(?:\/[\w.-]+)+\/(cheap|fast)(?=['"\s]|$)/g, '<data of $1>')
    .replaceAll(/(?:file|store):\/\/\/?[^\s"'|,\\]+/g, '<place in a store>');
}

/** JSON and a table of properties have no order; the page of a refusal, which a client took for data, has a title. */
function printed(given, { text, sorted, shape, without }) {
  const named = propertiesIn(given) ?? asJson(given);
  if (named !== undefined) {
    const value = lacking(opened(deep(named, text)), without);
    return shape ? namesIn(value) : ordered(value, sorted);
  }
  const lines = text(given);
  const title = /<title>(.*?)<\/title>/s.exec(lines)?.[1]?.trim();
  const compared = ordered(title === undefined ? linesOf(lines) : [`page: ${title}`], sorted);
  return shape ? compared.map(namesOf) : compared;
}

/** A table of properties and their values, which are wrapped where they are long. */
function propertiesIn(given) {
  const cells = given.split('\n').filter((line) => line.startsWith('|')).map((line) => line.slice(1, -1).split(' | ').map((cell) => cell.trim()));
  if (!['Property', 'Field'].includes(cells[0]?.[0]) || cells[0].length !== 2) return undefined;
  const properties = {};
  let last = '';
  for (const [name, ...rest] of cells.slice(1)) {
    if (name !== '') last = name;
    properties[last] = `${properties[last] ?? ''}${rest.join('|')}`.replaceAll(/\s+/g, '');
  }
  return properties;
}

function lacking(value, without) {
  if (without === undefined || typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((each) => lacking(each, without));
  return Object.fromEntries(Object.entries(value).filter(([name, each]) => !without.test(name) || (typeof each === 'object' && each !== null)).map(([name, each]) => [name, lacking(each, without)]));
}

function asJson(text) {
  if (!/^\s*[[{]/.test(text)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Cells that hold JSON. */
const opened = (properties) => (Array.isArray(properties) ? properties : Object.fromEntries(Object.entries(properties).map(([name, cell]) => [name, (typeof cell === 'string' ? asJson(cell) : undefined) ?? cell])));

const linesOf = (text) => text.split('\n').map((line) => line.replaceAll(/ {2,}/g, ' ').replaceAll(/-{3,}/g, '--').trimEnd()).filter((line) => line !== '' && !/^Could not load 'v3/.test(line));

/** Clients put a service's own sentence behind the status: the status and what the client says are compared, the sentences are ours. */
const refusal = (text) => text
  .replaceAll(/(Error for url: [^,\s]+,)( \d{3} [A-Za-z ]+)?.*/g, '$1$2 <sentence>')
  .replaceAll(/(HTTP \d{3} [A-Za-z ]+).*/g, '$1 <sentence>')
  .replaceAll(/ != [0-9a-f]{32,}/g, ' != <hash of a page>')
  .replaceAll(/Failed validating [^]*$/g, 'Failed validating …');

const namesOf = (line) => line.split('|')[1]?.trim() ?? '';

function namesIn(value) {
  if (Array.isArray(value)) return value.map(namesIn);
  if (typeof value !== 'object' || value === null) return typeof value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, namesIn(each)]));
}

/** With the names in order, so that equal things read the same. */
const read = (value) => JSON.stringify(value, (_, each) => (typeof each === 'object' && each !== null && !Array.isArray(each) ? Object.fromEntries(Object.entries(each).toSorted(([one], [other]) => (one < other ? -1 : 1))) : each));

function ordered(value, isSorted) {
  if (!isSorted || typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((each) => ordered(each, isSorted)).toSorted((one, other) => (read(one) < read(other) ? -1 : 1));
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, ordered(each, isSorted)]));
}
