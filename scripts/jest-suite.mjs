/** Runs the tests of one Jest configuration to their end, and ends this process with the counted line: N passed, N failed, N skipped. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { environment, node, prepare, projectDir } from './prepare.mjs';

/** `before` brings what the tests need besides the build; where it throws, what it says is printed, and nothing runs. */
export async function runSuite(config, { before = async () => {}, limitMs }) {
  await prepare((line) => console.error(line)).then(before).catch((error) => {
    console.error(error.message);
    console.log('0 passed, 1 failed, 0 skipped');
    process.exit(1);
  });
  const dir = mkdtempSync(join(tmpdir(), 'heliograph-test-'));
  const resultFile = join(dir, 'result.json');
  spawnSync(node, [
    '--disable-warning=ExperimentalWarning', '--experimental-vm-modules', join('node_modules', 'jest', 'bin', 'jest.js'),
    '--config', config, '--forceExit', '--json', `--outputFile=${resultFile}`, ...process.argv.slice(2),
  ], { cwd: projectDir, env: environment(), stdio: ['ignore', 'ignore', 'inherit'], timeout: limitMs });
  const result = read(resultFile);
  rmSync(dir, { recursive: true, force: true });
  const { passed, failed, skipped } = result
    ? { passed: result.numPassedTests, failed: result.numFailedTests + result.numRuntimeErrorTestSuites, skipped: result.numPendingTests + result.numTodoTests }
    : { passed: 0, failed: 1, skipped: 0 };
  console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
  process.exit(failed > 0 || passed === 0 ? 1 : 0);
}

function read(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}
