/**
 * `npm run soak [-- PART…]`: the specs that draw lots, for much longer than every day. Each prints its seed; HELIOGRAPH_SEED repeats one.
 * The last line is: N passed, N failed, N skipped.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { environment, node, prepare, projectDir } from './prepare.mjs';

const kills = (seconds, ...of) => ({ specs: of.map((what) => `test/system/kill-${what}.ts`), env: { HELIOGRAPH_KILL_SECONDS: String(seconds) } });

/** A hundred thousand requests, in rounds: each has a region and a seed of its own. */
const hostile = (spec) => ({ specs: [`test/api/${spec}.api-spec.ts`], env: { HELIOGRAPH_HOSTILE_RUNS: '25000' }, rounds: 4 });

/** What runs, one after another, and what makes it long. */
const parts = {
  kills: kills(600, 'random.e2e-spec'),
  'kill-imports': kills(200, 'importer.long', 'staging.long', 'plugins.long', 'federation.long'),
  mixed: kills(1800, 'mixed.long'),
  conversion: { specs: ['test/system/large-conversion.long.ts'], env: { HELIOGRAPH_DISK_GIB: '10' } },
  replication: { specs: ['test/system/replication.long.ts'], env: { HELIOGRAPH_REPLICATION_IMAGES: '1000' } },
  hostile: hostile('hostile'),
  'hostile-metadefs': hostile('metadefs-hostile'),
  inspection: { specs: ['libs/inspection/src/fuzz.spec.ts'], env: { HELIOGRAPH_FUZZ: '1000000' } },
};

const chosen = process.argv.slice(2);
const names = chosen.length > 0 ? chosen : Object.keys(parts);
const counts = { passed: 0, failed: 0, skipped: 0 };
await prepare((line) => console.error(line));
// A seed that is given is tried once.
const rounds = names.flatMap((name) => Array(process.env.HELIOGRAPH_SEED ? 1 : parts[name]?.rounds ?? 1).fill(name));
for (const name of rounds) {
  const result = parts[name] ? soak(parts[name]) : undefined;
  if (!result) console.error(`${name} could not run`);
  counts.passed += result?.numPassedTests ?? 0;
  counts.failed += result?.numFailedTests ?? 1;
  counts.skipped += result?.numPendingTests ?? 0;
}
console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
process.exit(counts.failed > 0 || counts.passed === 0 ? 1 : 0);

function soak({ specs, env }) {
  const dir = mkdtempSync(join(tmpdir(), 'heliograph-soak-'));
  const resultFile = join(dir, 'result.json');
  spawnSync(node, [
    '--disable-warning=ExperimentalWarning', '--experimental-vm-modules', join('node_modules', 'jest', 'bin', 'jest.js'), '--verbose', '--json', `--outputFile=${resultFile}`, '--runInBand', '--testMatch', '**/*spec.ts', '**/*.long.ts', '--runTestsByPath', ...specs,
  ], { cwd: projectDir, env: { ...environment(), ...env }, stdio: ['ignore', 'ignore', 'inherit'] });
  try {
    return JSON.parse(readFileSync(resultFile, 'utf8'));
  } catch {
    return undefined;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
