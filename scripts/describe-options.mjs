/** `npm run docs:options`: the option tables of every service for docs/operating.md, from the classes that read them. Needs a build. */
import { join } from 'node:path';
import { prepare, projectDir } from './prepare.mjs';

await prepare();
const { describeOptions } = await import(join(projectDir, 'dist/libs/platform/src/index.js'));
const cell = (text) => String(text).replaceAll('|', '\\|');

for (const app of ['gateway', 'catalog', 'staging', 'importer', 'federation', 'development-identity']) {
  const exported = await import(join(projectDir, 'dist/apps', app, 'src/config.js'));
  const options = Object.values(exported).filter((value) => typeof value === 'function').flatMap((Config) => describeOptions(Config));
  console.log(`### ${app}\n\n| option | variable | default | meaning |\n| --- | --- | --- | --- |`);
  for (const { section, name, variable, default: standard, unit, doc, required, glance } of options) {
    const value = required ? '**required**' : standard === '' ? '' : `\`${cell(standard)}\`${unit ? ` ${unit}` : ''}`;
    console.log(`| \`[${section}] ${name}\`${glance ? ' (Glance)' : ''} | \`${variable}\` | ${value} | ${cell(doc)} |`);
  }
  console.log('');
}
