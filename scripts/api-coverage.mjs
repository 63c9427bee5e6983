/**
 * `npm run docs:coverage`: runs the API's specifications, notes which of them got which answer, and writes docs/api-coverage.json with one holder
 * for each route and status. `npm run docs` makes docs/api-coverage.md from it. Needs `npm run build`.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectDir } from './prepare.mjs';

const { contract } = await import(join(projectDir, 'dist/apps/gateway/src/discovery/contract.js'));
const { controllers } = await import(join(projectDir, 'dist/apps/gateway/src/gateway.module.js'));
const { routesOf } = await import(join(projectDir, 'dist/apps/gateway/src/discovery/routes-of.js'));

const names = [...new Set([...Object.keys(contract), ...routesOf(controllers).map(({ method, path }) => `${method} ${path}`)])];
/** Fixed segments before names in braces, so that `/tasks/x` is never taken for something else. */
const forms = names.map((name) => ({ name, form: new RegExp(`^${name.replaceAll(/[.]/g, '\\.').replaceAll(/\{\w+\}/g, '[^/]+')}$`) }))
  .toSorted((one, other) => one.name.split('{').length - other.name.split('{').length);

const dir = mkdtempSync(join(tmpdir(), 'heliograph-coverage-'));
try {
  const jest = spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', '--experimental-vm-modules', 'node_modules/jest/bin/jest.js', 'test/api', ...process.argv.slice(2)],
    { cwd: projectDir, stdio: 'inherit', env: { ...process.env, HELIOGRAPH_API_COVERAGE: dir } });
  if (jest.status !== 0) process.exit(jest.status ?? 1);
  const held = {};
  for (const file of readdirSync(dir)) {
    for (const line of readFileSync(join(dir, file), 'utf8').split('\n').filter(Boolean)) {
      const { method, path, status, file: spec, test } = JSON.parse(line);
      const name = forms.find(({ form }) => form.test(`${method} ${path}`))?.name;
      if (name === undefined) continue;
      const holder = `${spec}: ${test}`;
      const known = ((held[name] ??= {})[status] ??= holder);
      if (holder < known) held[name][status] = holder;
    }
  }
  const sorted = Object.fromEntries(Object.keys(held).toSorted().map((name) => [name, held[name]]));
  writeFileSync(join(projectDir, 'docs/api-coverage.json'), `${JSON.stringify(sorted, null, 1)}\n`);
} finally {
  rmSync(dir, { recursive: true, force: true });
}
