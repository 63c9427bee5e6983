/**
 * `npm run test:s3`: the S3 store against a real S3 server: S3_SERVER_BIN, versitygw or minio on PATH, or versitygw built with Go into
 * .cache. Where there is none it fails and says so. The last line is: N passed, N failed, N skipped.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { environment, node, prepare, projectDir } from './prepare.mjs';

await prepare((line) => console.error(line)).then(async () => {
  const { findS3Server } = await import(join(projectDir, 'dist/libs/embedded/src/index.js'));
  console.error(`S3 server: ${await findS3Server(process.env, (line) => console.error(line))}`);
}).catch((error) => {
  console.error(error.message);
  console.log('0 passed, 1 failed, 0 skipped');
  process.exit(1);
});
const dir = mkdtempSync(join(tmpdir(), 'heliograph-test-'));
const resultFile = join(dir, 'result.json');
spawnSync(node, [
  '--disable-warning=ExperimentalWarning', '--experimental-vm-modules', join('node_modules', 'jest', 'bin', 'jest.js'),
  '--config', 'jest.s3.mjs', '--forceExit', '--json', `--outputFile=${resultFile}`, ...process.argv.slice(2),
], { cwd: projectDir, env: environment(), stdio: ['ignore', 'ignore', 'inherit'], timeout: 10 * 60_000 });
const result = read(resultFile);
rmSync(dir, { recursive: true, force: true });
const { passed, failed, skipped } = result
  ? { passed: result.numPassedTests, failed: result.numFailedTests + result.numRuntimeErrorTestSuites, skipped: result.numPendingTests + result.numTodoTests }
  : { passed: 0, failed: 1, skipped: 0 };
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
process.exit(failed > 0 || passed === 0 ? 1 : 0);

function read(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}
