/** `npm run check`: types, lint, the dependency rule, the wire's schemas, and the sizes of files. All of them run; the first that fails decides. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { environment, node, projectDir, run } from './prepare.mjs';

const longLines = 300;
const modules = (...path) => join(projectDir, 'node_modules', ...path);
const checks = {
  types: [node, modules('typescript7', 'bin', 'tsc'), '-p', 'tsconfig.json', '--noEmit'],
  lint: [node, modules('.bin', 'eslint'), 'apps', 'libs', 'test', 'packages', '--max-warnings', '0'],
  deps: [node, modules('.bin', 'depcruise'), 'apps', 'libs', 'test', '--config', '.dependency-cruiser.cjs'],
  proto: [modules('.bin', 'buf'), 'breaking', '--against', 'proto/baseline.binpb'],
  build: [node, modules('typescript7', 'bin', 'tsc'), '-p', 'tsconfig.build.json'],
  packages: [node, modules('typescript7', 'bin', 'tsc'), '-p', 'packages/events-client'],
  docs: [node, join('scripts', 'docs.mjs'), '--check'],
};

function sizes(dir) {
  return readdirSync(join(projectDir, dir), { withFileTypes: true }).flatMap((entry) => {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) return entry.name === 'generated' || entry.name === 'dist' ? [] : sizes(path);
    return /\.(ts|mjs)$/.test(entry.name) ? [{ path, lines: readFileSync(join(projectDir, path), 'utf8').split('\n').length }] : [];
  });
}

let failed = 0;
for (const [name, [command, ...args]] of Object.entries(checks)) {
  const startedAt = performance.now();
  const outcome = await run(command, args, { quiet: true, env: environment() }).then(() => undefined, (error) => error);
  console.log(`${outcome ? 'FAIL' : 'ok  '} ${name} (${((performance.now() - startedAt) / 1000).toFixed(1)} s)`);
  if (outcome) console.log(outcome.message);
  failed += outcome ? 1 : 0;
}
const files = ['apps', 'libs', 'test', 'scripts', 'packages'].flatMap(sizes);
for (const { path, lines } of files.filter(({ lines }) => lines > longLines)) console.log(`long ${path}: ${lines} lines; over ${longLines} a file wants to be two`);
console.log(`${files.length} files, ${files.reduce((sum, { lines }) => sum + lines, 0)} lines; ${failed === 0 ? 'every check passed' : `${failed} of ${Object.keys(checks).length} checks failed`}`);
process.exit(failed > 0 ? 1 : 0);
