import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** Prints what comes in through the door of this lib, package by package. */
const program = `
  import { registerHooks } from 'node:module';
  const packages = new Set();
  registerHooks({ load: (url, context, next) => { packages.add(/node_modules\\/((?:@[^/]+\\/)?[^/]+)/.exec(url)?.[1]); return next(url, context); } });
  const { openTracing } = await import('#libs/platform');
  await openTracing({ service: 'gateway', region: 'RegionTest', logger: undefined }, {});
  console.log(JSON.stringify([...packages]));
`;

it('comes without Nest and without what sends traces where no service is served: 40 MiB that the launcher and the operator\'s commands do not need', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program], { cwd: join(import.meta.dirname, '../../..') });
  const packages = JSON.parse(stdout) as string[];
  expect(packages).toContain('pino');
  expect(packages.filter((name) => /^(@nestjs\/.*|fastify|rxjs|@opentelemetry\/(?!api$).*)$/.test(name))).toEqual([]);
});
