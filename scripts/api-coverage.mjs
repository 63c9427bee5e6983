/**
 * `npm run docs:coverage`: runs the API's specifications, or those that are named behind `--`, notes which of them got which answer, and writes docs/api-coverage.json
 * with one holder for each route and status; what the other specifications hold stays as it was. Only what passed holds anything. Needs `npm run build`.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { projectDir } from './prepare.mjs';

const { contract } = await import(join(projectDir, 'dist/apps/gateway/src/discovery/contract.js'));
const { controllers } = await import(join(projectDir, 'dist/apps/gateway/src/gateway.module.js'));
const { routesOf } = await import(join(projectDir, 'dist/apps/gateway/src/discovery/routes-of.js'));

const names = [...new Set([...Object.keys(contract), ...routesOf(controllers).map(({ method, path }) => `${method} ${path}`)])];
/** Those with the fewest names in braces first, so that what is fixed is never taken for a name. */
const forms = names.map((name) => ({ name, form: new RegExp(`^${name.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/]+')}$`) }))
  .toSorted((one, other) => one.name.split('{').length - other.name.split('{').length);
const file = join(projectDir, 'docs/api-coverage.json');

/** What was noted of specifications that passed, and which files ran. */
function notesOf(dir, results) {
  const passed = new Set(results.flatMap(({ name, assertionResults }) =>
    assertionResults.filter(({ status }) => status === 'passed').map(({ fullName }) => `${relative(projectDir, name)}: ${fullName}`)));
  const lines = readdirSync(dir).filter((each) => each.endsWith('.jsonl')).flatMap((each) => readFileSync(join(dir, each), 'utf8').split('\n').filter(Boolean));
  return lines.map((line) => JSON.parse(line)).map((note) => ({ ...note, holder: `${note.file}: ${note.test}` })).filter(({ holder }) => passed.has(holder));
}

const nameless = (text) => text.replaceAll(/\{\w+\}/g, '{}');
/** Whoever is named after the route holds it better than who only comes by, and better than who sends whatever comes to mind; among equals the first by name. */
function isBetter(holder, than, route) {
  const [, path] = route.split(' ');
  const rank = (each) => (/hostile/.test(each) ? 2 : new RegExp(`${nameless(path).replaceAll(/[{}.]/g, '\\$&')}(?![/\\w{])`).test(nameless(each)) ? 0 : 1);
  return than === undefined || rank(holder) < rank(than) || (rank(holder) === rank(than) && holder < than);
}

const dir = mkdtempSync(join(tmpdir(), 'heliograph-coverage-'));
try {
  const asked = process.argv.slice(2);
  const report = join(dir, 'results.json');
  spawnSync(process.execPath, [
    '--disable-warning=ExperimentalWarning', '--experimental-vm-modules', 'node_modules/jest/bin/jest.js', ...(asked.length > 0 ? asked : ['test/api']), '--json', '--outputFile', report,
  ], { cwd: projectDir, stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, HELIOGRAPH_API_COVERAGE: dir } });
  const { testResults, numFailedTests } = JSON.parse(readFileSync(report, 'utf8'));
  const ran = testResults.map(({ name }) => `${relative(projectDir, name)}: `);
  const held = JSON.parse(readFileSync(file, 'utf8'));
  for (const statuses of Object.values(held)) {
    for (const [status, holder] of Object.entries(statuses)) if (ran.some((start) => holder.startsWith(start))) delete statuses[status];
  }
  for (const { method, path, status, holder } of notesOf(dir, testResults)) {
    const name = forms.find(({ form }) => form.test(`${method} ${path}`))?.name;
    if (name === undefined) continue;
    const statuses = (held[name] ??= {});
    if (isBetter(holder, statuses[status], name)) statuses[status] = holder;
  }
  const sorted = Object.fromEntries(Object.keys(held).toSorted().filter((name) => Object.keys(held[name]).length > 0).map((name) => [name, held[name]]));
  writeFileSync(file, `${JSON.stringify(sorted, null, 1)}\n`);
  if (numFailedTests > 0) console.error(`${numFailedTests} specifications failed, and hold nothing.`);
  process.exitCode = numFailedTests > 0 ? 1 : 0;
} finally {
  rmSync(dir, { recursive: true, force: true });
}
