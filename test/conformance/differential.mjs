/**
 * The same requests to a real Glance and to Heliograph, both with the same Keystone and the same stores, and every answer compared: status,
 * the headers that matter, and the shape and values of the body. What may differ stands in deviations.mjs with its reason. Prints each case
 * that differs otherwise, and N passed, N failed, N skipped; skipped is what waits for an issue that is named.
 * Arguments: names of stories, to run only those.
 */
import { randomUUID } from 'node:crypto';
import { copyFileSync, mkdirSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import * as around from './cases/around.mjs';
import { data } from './cases/data.mjs';
import * as images from './cases/images.mjs';
import { list } from './cases/list.mjs';
import { members, tags } from './cases/members.mjs';
import * as metadefs from './cases/metadefs.mjs';
import * as places from './cases/places.mjs';
import { allowed, deviations } from './deviations.mjs';
import { conformance, count, dir, ending, fail, freePort, password, withGlance, withHeliograph, withKeystone } from './peers.mjs';
import { differences, personas, siteAt } from './site.mjs';

const chosen = process.argv.slice(2);
const storiesAtATime = 2;
const schemaFile = join(import.meta.dirname, 'schema-image.json');

/** All stories told to one implementation: its answers by the names of the cases. */
async function tell(url, stories, { who, seed, files }) {
  const answers = new Map();
  const record = (name, answer) => {
    if (answers.has(name)) throw new Error(`two cases are named ${name}`);
    answers.set(name, answer);
  };
  const site = { ...siteAt(url, { ...who, seed, record }), structure: record, files };
  const waiting = Object.entries(stories);
  const tellOne = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const [name, story] = next;
      await story(site).catch((error) => fail(`${name} at ${url}: ${error.stack}`));
    }
  };
  await Promise.all(Array.from({ length: storiesAtATime }, tellOne));
  return answers;
}

function compare(theirs, ours) {
  const seen = new Set();
  for (const [name, answer] of theirs) {
    const found = ours.has(name) ? differences(ours.get(name), answer) : ['Heliograph was not asked'];
    const reasons = found.map((difference) => allowed(name, difference));
    for (const reason of reasons) if (reason) seen.add(reason);
    const unexplained = found.filter((_, index) => !reasons[index]);
    if (unexplained.length > 0) fail(`${name}\n     ${unexplained.join('\n     ')}`);
    else count(reasons.some((reason) => reason.waitsFor) ? 'skipped' : 'passed', 1);
  }
  for (const name of ours.keys()) if (!theirs.has(name)) fail(`${name}: Glance was not asked`);
  return seen;
}

/** A deviation that is none any more is taken out, so that it hides nothing else. */
function sayWhatDiffers(seen) {
  for (const each of deviations) {
    const { reason, waitsFor } = each;
    if (seen.has(each)) console.log(`${waitsFor ? `not yet (issue ${waitsFor})` : 'on purpose'}: ${reason}`);
    else if (waitsFor) console.log(`no longer waiting for issue ${waitsFor}: ${reason}`);
    else fail(`no case differs any more because ${reason}: take it out of deviations.mjs`);
  }
}

const weights = ['--set', 'cheap.weight=200', '--set', 'fast.weight=100'];

/** How both are set up, and what is told to them then. */
const settings = {
  plain: {
    stories: { ...images, ...around, ...metadefs, list, members, tags, data },
    glance: ['--stores', 'cheap,fast', '--set', 'DEFAULT.show_multiple_locations=false', '--set', 'DEFAULT.enabled_import_methods=[copy-image]', '--set', 'DEFAULT.image_cache_dir='],
    heliograph: () => ['--set', 'default.enabled_backends=cheap:file,fast:file', '--set', 'default.enabled_import_methods=copy-image', '--set', `heliograph.image_schema_file=${schemaFile}`],
  },
  places: {
    stories: places,
    glance: ['--stores', 'cheap,fast,web', '--cache'],
    heliograph: (port) => [
      '--set', 'default.enabled_backends=cheap:file,fast:file,web:http', '--set', 'default.show_multiple_locations=true', '--set', `default.image_cache_dir=${join(dir, 'our-cache')}`,
      '--set', 'import_filtering_opts.allowed_hosts=127.0.0.1', '--set', `import_filtering_opts.allowed_ports=80,443,${port}`, '--set', `heliograph.image_schema_file=${schemaFile}`,
    ],
  },
};

/** Gives the same bytes under every path, but nothing at /nowhere and /empty. */
async function withFiles(use) {
  const files = createServer(({ url }, answer) => {
    if (url === '/nowhere') answer.writeHead(404).end();
    else answer.writeHead(200, { 'content-length': url === '/empty' ? 0 : 22 }).end(url === '/empty' ? '' : 'some bytes of an image');
  });
  await new Promise((resolve) => { files.listen(0, '127.0.0.1', resolve); });
  return ending(() => new Promise((resolve) => { files.close(resolve); files.closeAllConnections(); }), () => use(files.address().port));
}

async function withBoth(name, { stories, glance, heliograph }, { authUrl, env, theirPort, ourPort, filesPort }) {
  // Glance looks for this file beside its configuration.
  mkdirSync(join(env.PEERS_HOME, name));
  copyFileSync(schemaFile, join(env.PEERS_HOME, name, 'schema-image.json'));
  const ourOptions = ['--keystone', authUrl, '--keystone-password', password, ...weights, ...heliograph(filesPort)];
  return withGlance(name, theirPort, ['--region', 'RegionTwo', ...glance, ...weights], { ...env, IMPORT_PORTS: `80,443,${filesPort}` }, (theirUrl) => withHeliograph(name, ourPort, ourOptions, async () => {
    const told = { who: await personas(authUrl, password), seed: randomUUID(), files: `http://127.0.0.1:${filesPort}` };
    const began = performance.now();
    const [theirs, ours] = await Promise.all([tell(theirUrl, stories, told), tell(`http://127.0.0.1:${ourPort}`, stories, told)]);
    console.log(`${name}: ${theirs.size} cases in ${((performance.now() - began) / 1000).toFixed(0)} s`);
    return compare(theirs, ours);
  }));
}

await conformance(async () => {
  const [theirPort, ourPort] = [await freePort(), await freePort()];
  const seen = new Set();
  await withFiles((filesPort) => withKeystone(`http://127.0.0.1:${ourPort}`, async ({ authUrl, env }) => {
    for (const [name, setting] of Object.entries(settings)) {
      const stories = Object.fromEntries(Object.entries(setting.stories).filter(([story]) => chosen.length === 0 || chosen.includes(story)));
      if (Object.keys(stories).length === 0) continue;
      for (const reason of await withBoth(name, { ...setting, stories }, { authUrl, env, theirPort, ourPort, filesPort })) seen.add(reason);
    }
  }));
  if (chosen.length === 0) sayWhatDiffers(seen);
});
