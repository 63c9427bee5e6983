/**
 * Every subcommand of the released `openstack` (images, cached images, metadata definitions) and `glance` commands, and every method of openstacksdk's image proxy, as
 * a new user would try them: against a real Glance and against Heliograph, both with the same Keystone, and what came of each compared: exit status, what was printed,
 * what was returned or raised. What may differ stands in subcommands/deviations.mjs with its row of docs/deviations.md. Then Glance's own namespace files, loaded into
 * both. Fails where the released clients have something that no row tries. Arguments: openstack, glance, sdk, metadefs, to run only those.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { environment } from '../../scripts/prepare.mjs';
import { client, conformance, dir, ending, fail, freePort, inKit, keystoneAnew, password, pass, peersHome, projectFile, run, withGlance, withHeliograph, withKeystone } from './peers.mjs';
import { differences, personas, siteAt, uuidFrom } from './site.mjs';
import { allowed, deviations, omitted } from './subcommands/deviations.mjs';
import { glance } from './subcommands/glance.mjs';
import { normalised } from './subcommands/normalised.mjs';
import { openstack } from './subcommands/openstack.mjs';
import { sdk } from './subcommands/sdk.mjs';

const tables = { openstack, glance, sdk };
const parts = [...Object.keys(tables), 'metadefs'];
const chosen = process.argv.length > 2 ? parts.filter((part) => process.argv.includes(part)) : parts;
const data = 'some bytes of an image';
const untilMs = 60_000;
const schemaFile = join(import.meta.dirname, 'schema-image.json');
const glanceFiles = join(peersHome, 'venv', 'server', 'etc', 'glance', 'metadefs');

/** The clients of one side, in one process. */
function startClients(python, home, region, authUrl) {
  const users = { admin: 'demo', demo_reader: 'demo' };
  const child = spawn(python, [join(import.meta.dirname, 'released-clients.py')], {
    stdio: ['pipe', 'pipe', 'inherit'], cwd: home,
    env: { PATH: process.env.PATH, HOME: home, PYTHONWARNINGS: 'ignore', COLUMNS: '200', LANG: 'C.UTF-8', OS_AUTH_URL: authUrl, OS_IDENTITY_API_VERSION: '3', OS_REGION_NAME: region, OS_USER_DOMAIN_ID: 'default', OS_PROJECT_DOMAIN_ID: 'default' },
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async ask(question) {
      child.stdin.write(`${JSON.stringify(question)}\n`);
      const { value, done } = await lines.next();
      if (done) throw new Error('the clients ended before they had answered');
      return JSON.parse(value);
    },
    as: (user) => ({ OS_USERNAME: user, OS_PASSWORD: user === 'unknown' ? 'wrong' : password, OS_PROJECT_NAME: users[user] ?? user }),
    stop: async () => { child.kill('SIGTERM'); },
  };
}

/** Placeholders of a table, in words and in arguments however deep. */
const filled = (value, of) => {
  if (typeof value === 'string') return value.replaceAll(/\{([A-Za-z_]\w*)\}/g, (_, name) => of(name));
  if (Array.isArray(value)) return value.map((each) => filled(each, of));
  return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value).map(([key, each]) => [key, filled(each, of)])) : value;
};

const wordsOf = (line) => [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain);
const titleOf = (table, [user, asked]) => `${table}: ${typeof asked === 'string' ? asked : `${asked.call} ${[...asked.args, ...Object.entries(asked.kwargs).map(([key, value]) => `${key}=${JSON.stringify(value)}`)].map((each) => (typeof each === 'string' ? each : JSON.stringify(each))).join(' ')}`} by ${user}`;

/** All rows of a table at one side: what came of them, by their titles. */
async function tell(table, side) {
  const { clients, place } = side;
  const outcomes = new Map();
  const kept = new Map();
  const of = (name) => kept.get(name) ?? place(table, name);
  for (const row of tables[table]) {
    const [user, asked, options = {}] = row;
    const said = typeof asked === 'string' ? { words: wordsOf(asked).map((word) => filled(word, of)), ...(options.input === undefined ? {} : { input: options.input }) } : filled(asked, of);
    const question = { client: table, as: clients.as(user), ...said };
    let outcome = await clients.ask(question);
    const isThere = () => options.until?.test(textOf(outcome)) ?? true;
    for (const giveUpAt = Date.now() + untilMs; !isThere() && Date.now() < giveUpAt; outcome = await clients.ask(question)) await pause(300);
    if (options.keep) kept.set(options.keep, (options.keeps ?? /([0-9a-f]{8}-[0-9a-f-]{27})/).exec(textOf(outcome))?.[1] ?? 'nothing-was-kept');
    const title = unused(titleOf(table, row), outcomes);
    outcomes.set(title, { ...normalised(outcome, { ...options, hide: side.hide(kept) }), ...(isThere() ? {} : { inVain: textOf(outcome) }) });
  }
  return outcomes;
}

const textOf = ({ stdout, returned }) => stdout ?? JSON.stringify(returned) ?? '';

function unused(title, outcomes) {
  for (let number = 2, name = title; ; number += 1, name = `${title} (${number - 1})`) if (!outcomes.has(name)) return name;
}

function compare(theirs, ours) {
  const seen = new Set();
  for (const [title, outcome] of theirs) {
    const sides = { Glance: outcome, Heliograph: ours.get(title) ?? {} };
    const [{ inVain: _, ...their }, { inVain: __, ...our }] = Object.values(sides);
    const found = differences(our, their);
    const reasons = found.map((difference) => allowed(title, difference));
    for (const reason of reasons) if (reason) seen.add(reason);
    // Also where both waited: what was to be compared never came.
    const waits = Object.entries(sides).filter(([, { inVain }]) => inVain !== undefined).map(([side, { inVain }]) => `${side} never came to what was waited for, and says ${inVain}`);
    const unexplained = [...found.filter((_, index) => !reasons[index]), ...waits];
    if (unexplained.length > 0) fail(`${title}\n     ${unexplained.join('\n     ')}`);
    else pass();
  }
  return seen;
}

/** A deviation that is none any more is taken out, and one that is meant stands in the documentation. */
function sayWhatDiffers(seen) {
  const rows = readFileSync(projectFile('docs/deviations.md'), 'utf8').split('\n');
  for (const each of deviations) {
    if (!rows.some((row) => row.startsWith(`| ${each.row} |`))) fail(`docs/deviations.md has no row "${each.row}"`);
    else if (seen.has(each)) console.log(`on purpose: ${each.row}`);
    else fail(`nothing differs any more because of "${each.row}" where ${each.case ?? 'anything'} says ${each.differs}: take it out of subcommands/deviations.mjs`);
  }
}

/** What the released clients have, and no row tries. */
function untried({ versions, ...inventory }) {
  console.log(Object.entries(versions).map(([name, version]) => `${name} ${version}`).join(', '));
  const isTried = { openstack: (name) => openstack.some(([, words]) => words.startsWith(`${name} `) || words === name), glance: (name) => glance.some(([, words]) => wordsOf(words).includes(name)), sdk: (name) => sdk.some(([, { call }]) => call === name) };
  for (const [table, names] of Object.entries(inventory)) {
    const left = names.filter((name) => !isTried[table](name) && !omitted[table]?.[name]);
    if (left.length > 0) fail(`${table}: no row tries ${left.join(', ')}`);
    else pass(`every one of the ${names.length} that ${table} has is tried`);
    for (const name of Object.keys(omitted[table] ?? {})) if (!names.includes(name)) fail(`${table}: there is no ${name} to be omitted`);
  }
}

/** Namespaces from Glance's own files, loaded into both by the commands for operators. */
async function compareNamespaces(sites) {
  for (const file of readdirSync(glanceFiles).filter((name) => name.endsWith('.json')).sort()) {
    const { namespace } = JSON.parse(readFileSync(join(glanceFiles, file), 'utf8'));
    const [theirs, ours] = await Promise.all(sites.map(({ exchange }) => exchange('admin', 'GET', `/v2/metadefs/namespaces/${encodeURIComponent(namespace)}`)));
    const found = theirs.status === 200 ? differences(withoutMoments(ours.json), withoutMoments(theirs.json)) : [`Glance answers ${theirs.status}`];
    if (found.length > 0) fail(`${file}\n     ${found.join('\n     ')}`);
    else pass();
  }
}

/** Both keep no order among what a namespace holds. */
const withoutMoments = (value) => {
  if (Array.isArray(value)) return value.map(withoutMoments).toSorted((one, other) => (JSON.stringify(one) < JSON.stringify(other) ? -1 : 1));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).filter(([key]) => key !== 'created_at' && key !== 'updated_at').map(([key, each]) => [key, ['enum', 'operators'].includes(key) ? each : withoutMoments(each)]));
};

async function withFiles(use) {
  const files = createServer((_, answer) => { answer.writeHead(200, { 'content-length': data.length }).end(data); });
  await new Promise((resolve) => { files.listen(0, '127.0.0.1', resolve); });
  return ending(() => new Promise((resolve) => { files.close(resolve); files.closeAllConnections(); }), () => use(files.address().port));
}

/** One side: its clients, and what stands for the placeholders there. `hide` lists what is named otherwise at the other side. */
async function withSide({ python, name, region, other, authUrl, url, filesPort, seed, who }, use) {
  const home = join(dir, `user-${name}`);
  await run('mkdir', ['-p', home], process.env, 5000);
  const file = (fileName, text) => { writeFileSync(join(home, fileName), text); return join(home, fileName); };
  const given = {
    file: file('disk.raw', data), namespaceFile: file('namespace.json', readFileSync(join(import.meta.dirname, 'subcommands', 'namespace.json'))), saved: join(home, 'saved'),
    files: `http://127.0.0.1:${filesPort}`, sha256: createHash('sha256').update(data).digest('hex'), demo: who.projects.demo, alt_demo: who.projects.alt_demo, other, elsewhere: uuidFrom(`${seed} elsewhere`),
  };
  const labels = new Map();
  const place = (table, label) => {
    if (label in given) return given[label];
    const id = uuidFrom(`${seed} ${table} ${label}`);
    labels.set(id, `<${label}>`);
    return id;
  };
  const hide = (kept) => [...[...kept].map(([label, text]) => [text, `<${label}>`]), ...labels, [url, '<image-service>'], [given.files, '<files>'], [home, '<home>'], [region, '<here>'], [other, '<there>'], [given.demo, '<demo>'], [given.alt_demo, '<alt_demo>'], [given.elsewhere, '<elsewhere>']];
  const clients = startClients(python, home, region, authUrl);
  return ending(clients.stop, () => use({ clients, place, hide }));
}

/** What glance-download is asked for: an image that both sides have under one id. */
async function prepare({ prepare: ask, octets }, id) {
  await ask('demo', 'POST', '/v2/images', { json: { id, name: 'elsewhere', visibility: 'community', disk_format: 'raw', container_format: 'bare' } });
  await ask('demo', 'PUT', `/v2/images/${id}/file`, { headers: octets, body: data });
}

async function compareBoth({ python, authUrl, ourUrl, theirUrl, filesPort }) {
  const who = await personas(authUrl, password);
  const seed = `${process.pid} ${Date.now()}`;
  const sites = [theirUrl, ourUrl].map((url) => siteAt(url, { ...who, seed, record: () => {} }));
  if (chosen.includes('metadefs')) await compareNamespaces(sites);
  if (chosen.length === 1 && chosen[0] === 'metadefs') return;
  for (const site of sites) await prepare(site, uuidFrom(`${seed} elsewhere`));
  const common = { python, authUrl, filesPort, seed, who };
  await withSide({ ...common, name: 'one', region: 'RegionOne', other: 'RegionTwo', url: ourUrl }, (ours) => withSide({ ...common, name: 'two', region: 'RegionTwo', other: 'RegionOne', url: theirUrl }, async (theirs) => {
    untried(await ours.clients.ask({ inventory: true }));
    const seen = new Set();
    for (const table of Object.keys(tables).filter((each) => chosen.includes(each))) {
      const began = performance.now();
      const [ourOutcomes, theirOutcomes] = await Promise.all([tell(table, ours), tell(table, theirs)]);
      console.log(`${table}: ${tables[table].length} rows in ${((performance.now() - began) / 1000).toFixed(0)} s`);
      for (const reason of compare(theirOutcomes, ourOutcomes)) seen.add(reason);
    }
    if (chosen.length === parts.length) sayWhatDiffers(seen);
  }));
}

await conformance(async () => {
  const python = join(dirname(await client()), 'python');
  const [theirPort, ourPort] = [await freePort(), await freePort()];
  const [theirUrl, ourUrl] = [theirPort, ourPort].map((port) => `http://127.0.0.1:${port}`);
  const weights = ['--set', 'cheap.weight=200', '--set', 'fast.weight=100'];
  await withFiles((filesPort) => withKeystone([ourUrl, theirUrl], async ({ authUrl, env }) => {
    // Clients look for the identity service in the region that they are told, too.
    await inKit('catalog keystone identity "$REGION2" "$AUTH_URL"', env);
    await keystoneAnew([ourUrl, theirUrl], env);
    // Glance looks for this file beside its configuration.
    mkdirSync(join(env.PEERS_HOME, 'subcommands'));
    copyFileSync(schemaFile, join(env.PEERS_HOME, 'subcommands', 'schema-image.json'));
    const ports = `80,443,${filesPort}`;
    const ourOptions = [
      '--keystone', authUrl, '--keystone-password', password, ...weights, '--set', 'default.enabled_backends=cheap:file,fast:file,web:http', '--set', 'default.show_multiple_locations=true',
      '--set', 'default.enabled_import_methods=glance-direct,web-download,copy-image,glance-download', '--set', `default.image_cache_dir=${join(dir, 'our-cache')}`,
      '--set', 'import_filtering_opts.allowed_hosts=127.0.0.1', '--set', `import_filtering_opts.allowed_ports=${ports}`,
      '--set', `heliograph.image_schema_file=${schemaFile}`,
    ];
    return withGlance('subcommands', theirPort, ['--region', 'RegionTwo', '--stores', 'cheap,fast,web', '--cache', ...weights], { ...env, IMPORT_PORTS: `${ports},${ourPort}` }, () => withHeliograph('subcommands', ourPort, ourOptions, async ({ data: home }) => {
      await run('npm', ['--silent', 'run', 'metadefs:load', '--', '--data', home, glanceFiles], environment({ NATS_URL: '' }), 120_000);
      await compareBoth({ python, authUrl, ourUrl, theirUrl, filesPort });
    }));
  }));
});
