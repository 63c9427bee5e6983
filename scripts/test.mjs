/**
 * `npm test`: installs and builds what is missing, runs every spec there is, and prints one line at the end: N passed, N failed, N skipped.
 * A spec file on disk that did not run is a failure. With arguments (`npm test -- libs/stores`) it runs only what matches them.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { environment, node, prepare, projectDir } from './prepare.mjs';

const limitMs = 30 * 60_000;
const chosen = process.argv.slice(2);

function specsBelow(dir) {
  return readdirSync(join(projectDir, dir), { withFileTypes: true }).flatMap((entry) => {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) return specsBelow(path);
    return entry.name.endsWith('spec.ts') ? [path] : [];
  });
}

/** Runs Jest to its end, or to the limit. `scripts/test-results.mjs` writes a line for each file that is done, so that what was seen counts also then. */
function runJest(resultFile) {
  const jest = spawn(node, [
    '--disable-warning=ExperimentalWarning', '--experimental-vm-modules', join('node_modules', 'jest', 'bin', 'jest.js'), ...chosen,
    '--forceExit', '--reporters=default', `--reporters=${join(projectDir, 'scripts', 'test-results.mjs')}`,
  ], { cwd: projectDir, env: environment({ HELIOGRAPH_TEST_RESULTS: resultFile }), stdio: ['ignore', 'ignore', 'inherit'], detached: true });
  const timer = setTimeout(() => {
    console.error(`The tests took longer than ${limitMs / 60_000} minutes and were ended.`);
    // Its workers with it: they are of one group.
    process.kill(-jest.pid, 'SIGKILL');
  }, limitMs);
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.kill(-jest.pid, signal));
  return new Promise((resolve) => jest.once('exit', (code) => {
    clearTimeout(timer);
    resolve(code);
  }));
}

function resultsIn(file) {
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line));
}

function count(results) {
  const ran = new Set(results.map(({ file }) => relative(projectDir, file)));
  const missed = chosen.length > 0 ? [] : ['apps', 'libs', 'test', 'packages'].flatMap(specsBelow).filter((file) => !ran.has(file));
  for (const file of missed) console.error(`${file} did not run to its end`);
  const broken = results.filter(({ isBroken, failed }) => isBroken && failed === 0);
  for (const { file } of broken) console.error(`${relative(projectDir, file)} could not run`);
  const sum = (what) => results.reduce((total, result) => total + result[what], 0);
  return { passed: sum('passed'), failed: sum('failed') + broken.length + missed.length, skipped: sum('skipped') };
}

await prepare((line) => console.error(line)).catch((error) => {
  console.error(error.message);
  console.log('0 passed, 1 failed, 0 skipped');
  process.exit(1);
});
const dir = mkdtempSync(join(tmpdir(), 'heliograph-test-'));
const resultFile = join(dir, 'results.jsonl');
const code = await runJest(resultFile);
const { passed, failed, skipped } = count(resultsIn(resultFile));
rmSync(dir, { recursive: true, force: true });
// Jest may fail over something that is no test of ours.
const failures = failed === 0 && code !== 0 ? 1 : failed;
console.log(`${passed} passed, ${failures} failed, ${skipped} skipped`);
process.exit(failures > 0 || passed === 0 ? 1 : 0);
