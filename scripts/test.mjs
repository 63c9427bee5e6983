/**
 * `npm test`: installs and builds what is missing, runs every spec there is, and prints one line at the end: N passed, N failed, N skipped.
 * A spec file on disk that did not run is a failure. With arguments (`npm test -- libs/stores`) it runs only what matches them.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
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

/** Jest prints as it goes and writes its result to a file; nothing there means that it died. */
function runJest(resultFile) {
  const jest = spawn(node, [
    '--disable-warning=ExperimentalWarning', '--experimental-vm-modules', join('node_modules', 'jest', 'bin', 'jest.js'),
    '--forceExit', '--json', `--outputFile=${resultFile}`, ...chosen,
  ], { cwd: projectDir, env: environment(), stdio: ['ignore', 'ignore', 'inherit'] });
  const timer = setTimeout(() => {
    console.error(`The tests took longer than ${limitMs / 60_000} minutes and were ended.`);
    jest.kill('SIGKILL');
  }, limitMs);
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => jest.kill(signal));
  return new Promise((resolve) => jest.once('exit', () => {
    clearTimeout(timer);
    try {
      resolve(JSON.parse(readFileSync(resultFile, 'utf8')));
    } catch {
      resolve(undefined);
    }
  }));
}

function count(result) {
  const ran = new Set(result.testResults.map(({ name }) => relative(projectDir, name)));
  const missed = chosen.length > 0 ? [] : ['apps', 'libs', 'test'].flatMap(specsBelow).filter((file) => !ran.has(file));
  for (const file of missed) console.error(`${file} did not run`);
  const broken = result.testResults.filter(({ assertionResults, status }) => status === 'failed' && !assertionResults.some((test) => test.status === 'failed'));
  for (const { name } of broken) console.error(`${relative(projectDir, name)} could not run to its end`);
  return {
    passed: result.numPassedTests, failed: result.numFailedTests + broken.length + missed.length, skipped: result.numPendingTests + result.numTodoTests,
  };
}

await prepare((line) => console.error(line)).catch((error) => {
  console.error(error.message);
  console.log('0 passed, 1 failed, 0 skipped');
  process.exit(1);
});
const dir = mkdtempSync(join(tmpdir(), 'heliograph-test-'));
const result = await runJest(join(dir, 'result.json'));
rmSync(dir, { recursive: true, force: true });
const { passed, failed, skipped } = result ? count(result) : { passed: 0, failed: 1, skipped: 0 };
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
process.exit(failed > 0 || passed === 0 ? 1 : 0);
