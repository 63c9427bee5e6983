/**
 * `npm run bench [-- data|api|imports|idle …] [--mib N] [--fill N] [--seed N] [--runs N] [--clients 1,4]`: the kit's load test against Heliograph and against a real
 * Glance, in one run on one machine, and a table of ratios. Absolute figures of a shared machine prove nothing; ratios of one run do.
 *
 * With --seed both have so many images beforehand: active ones of project demo, each tenth public, with four properties and a tag.
 *
 * `imports` is staging, glance-direct and web-download by the kit, and copy-image and glance-download by bench-imports.mjs; both sides have two
 * file stores, and take over from one other Glance. It is not among what runs where nothing is named.
 *
 * `api` says what the least that plain Node servers can do costs (bench-floor-api.mjs), one process and two, beside the two.
 *
 * `data` says what an upload costs against its two hashes alone, what the least that a plain Node server can do costs (bench-floor.mjs), and how it is
 * without the sync to the disk that Glance does not do.
 *
 * Both validate tokens at the same Keystone. CPU and memory of Heliograph count every process of it, NATS and PostgreSQL
 * included; those of Glance count its workers, not its PostgreSQL.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { measureCopies, openSite, someImage } from './bench-imports.mjs';

const root = resolve(import.meta.dirname, '..');
const kit = process.env.HELIOGRAPH_KIT ?? resolve(root, '../shared/kit');
const peersHome = process.env.PEERS_HOME ?? join(homedir(), '.cache/image-peers');
const keystone = `http://127.0.0.1:${process.env.KEYSTONE_PORT ?? 5000}/v3`;
const glancePort = process.env.GLANCE_PORT ?? '9792';
/** Another name is another database: whoever wants to keep what is seeded has his own. */
const glanceName = process.env.GLANCE_NAME ?? 'bench-glance';
const ourPort = process.env.HELIOGRAPH_PORT ?? '9892';
const sourcePort = process.env.SOURCE_PORT ?? '9793';
const filesPort = process.env.FILES_PORT ?? '8199';
const floorPort = process.env.FLOOR_PORT ?? '9894';
/** Stores and what may be fetched from, the same on both sides. */
const stores = { glance: ['--stores', 'cheap,fast'], ours: ['--set', 'default.enabled_backends=cheap:file,fast:file'] };
const openForFetching = ['--set', 'import_filtering_opts.allowed_hosts=127.0.0.1', '--set', `import_filtering_opts.allowed_ports=${filesPort},${sourcePort}`];
/** Glance has no limit to how often a project may ask, and one tenant asks here as fast as we answer. */
const withoutRates = ['--set', 'heliograph.reads_per_second=0', '--set', 'heliograph.changes_per_second=0'];
const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { mib: { type: 'string', default: '512' }, runs: { type: 'string', default: '3' }, seconds: { type: 'string', default: '5' }, fill: { type: 'string', default: '200' }, seed: { type: 'string', default: '0' }, clients: { type: 'string', default: '1,4' } },
});
const suites = positionals.length > 0 ? positionals : ['data', 'api', 'idle'];

if (!existsSync(join(kit, 'bench/bench.py'))) fail(`There is no kit at ${kit}. Set HELIOGRAPH_KIT to the folder that holds keystone-up and bench/bench.py.`);

const data = mkdtempSync(join(tmpdir(), 'heliograph-bench-'));
let glanceIsUp = false;
let weAreUp = false;
let source;
try {
  run(join(kit, 'keystone-up'), [`http://127.0.0.1:${ourPort}`]);
  run(join(kit, 'glance-up'), ['--name', glanceName, '--port', glancePort, '--region', 'RegionBench', ...(suites.includes('imports') ? stores.glance : [])], { env: { IMPORT_PORTS: `80,443,${filesPort},${sourcePort}` } });
  glanceIsUp = true;
  start(...(suites.includes('imports') ? [...stores.ours, ...openForFetching] : []));
  if (Number(options.seed) > 0) await seed(Number(options.seed));
  if (suites.includes('imports')) source = await startSource();
  const glance = await measure(`http://127.0.0.1:${glancePort}`, [readFileSync(join(peersHome, `run/${glanceName}.pid`), 'utf8').trim()]);
  const ours = await measure(`http://127.0.0.1:${ourPort}`, ourPids());
  const hashes = suites.includes('data') ? hashesAlone() : undefined;
  print(ours, glance, hashes);
  if (suites.includes('api')) {
    printLeast('one process: one message to the log and one row, both synced, and then an answer; or one row read', ours, glance, await measureLeast());
    printLeast('one process that asks another over NATS, which appends, hears the log, writes the row, announces it and answers', ours, glance, await measureLeast('apart'));
  }
  if (suites.includes('data')) {
    await printFloors(hashes);
    start('--set', 'file.filesystem_store_sync=false');
    console.log('\nwithout the sync to the disk, which Glance does not do');
    print(await measure(`http://127.0.0.1:${ourPort}`, ourPids(), ['data']), glance, hashes);
  }
} finally {
  if (weAreUp) run('npm', ['stop', '--', '--data', data], { mayFail: true });
  if (source) run(join(kit, 'glance-down'), ['bench-source'], { mayFail: true });
  if (glanceIsUp) run(join(kit, 'glance-down'), [glanceName], { mayFail: true });
  rmSync(data, { recursive: true, force: true });
}

/** The same images on both sides. */
async function seed(images) {
  run(join(kit, 'bench/glance-seed'), [String(images), glanceName]);
  // Needs what `npm start` has built by now.
  const { hashed, loadImages, withData } = await import('./bench-load.mjs');
  const { projectId: owner } = await openSite(`http://127.0.0.1:${ourPort}`, keystone, 'demo');
  await loadImages({
    data, from: 0, to: images, eventsOf: (n) => withData(n, {
      owner, visibility: n % 10 === 0 ? 'public' : 'private', name: `seed-${n}`, tags: ['seeded'], isProtected: false, isHidden: false, minDisk: 0, minRam: 0, diskFormat: 'raw', containerFormat: 'bare',
      properties: Object.fromEntries(['hw_disk_bus', 'os_distro', 'os_version', 'architecture'].map((name) => [name, `value ${n}`])),
    }, { sizeBytes: 2 ** 20, osHashAlgo: 'sha512', osHashValue: hashed(n).repeat(2) }),
  });
}

/** Starts us, or starts us anew. */
function start(...settings) {
  if (weAreUp) run('npm', ['stop', '--', '--data', data], { mayFail: true });
  run('npm', ['start', '--', '--data', data, '--port', ourPort, '--keystone', keystone, '--detach', ...withoutRates, ...settings], { env: { HELIOGRAPH_KEYSTONE_AUTHTOKEN__PASSWORD: process.env.PEERS_PASSWORD ?? 'secret' } });
  weAreUp = true;
}

/** What the two hashes of an upload cost alone, in seconds of CPU for a GiB: what no upload can be cheaper than. */
function hashesAlone() {
  const bytes = Buffer.alloc(2 ** 20, 'as much as a slab');
  const runs = [0, 1, 2].map(() => {
    const [md5, sha512, before] = [createHash('md5'), createHash('sha512'), process.cpuUsage()];
    for (let count = 0; count < 256; count += 1) for (const hash of [md5, sha512]) hash.update(bytes);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1e6 * 4;
  });
  return runs.sort((one, other) => one - other)[1];
}

/** What a plain server needs to receive, to hash besides, to write besides, and to sync besides. */
async function printFloors(hashes) {
  console.log('\nthe least that a plain Node server can do');
  for (const steps of [[], ['hash'], ['hash', 'write'], ['hash', 'write', 'sync']]) {
    const server = spawn(process.execPath, [join(root, 'scripts/bench-floor.mjs'), floorPort, data, ...steps], { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      await once(server.stdout, 'data');
      for (const [what, { MB_s: rate, cpu_s_per_GiB: cpu }] of await measure(`http://127.0.0.1:${floorPort}`, [String(server.pid)], ['data'])) {
        if (what.startsWith('upload')) console.log(`${['receive', ...steps].join(', ').padEnd(28)} ${what.padEnd(20)} ${rate} MB/s, ${cpu} s of CPU for a GiB: ${(cpu / hashes).toFixed(2)} of the hashes`);
      }
    } finally {
      server.kill();
    }
  }
}

/** What plain servers on NATS and PostgreSQL of their own answer, without ours running beside them. */
async function measureLeast(...way) {
  if (weAreUp) run('npm', ['stop', '--', '--data', data], { mayFail: true });
  weAreUp = false;
  const server = spawn(process.execPath, [join(root, 'scripts/bench-floor-api.mjs'), floorPort, ...way], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(server, 'exit');
  try {
    await once(server.stdout, 'data');
    return await measure(`http://127.0.0.1:${floorPort}`, [String(server.pid)], ['api']);
  } finally {
    server.kill();
    await ended;
  }
}

function printLeast(how, ours, glance, least) {
  console.log(`\nthe least that plain Node servers can do, ${how}`);
  for (const [what, { req_s: rate, cpu_ms_per_req: cpu }] of least) {
    if (what.startsWith('list')) continue;
    console.log(`${what.padEnd(24)} ${rate} requests/s, ${(rate / glance.get(what).req_s).toFixed(1)} of Glance's, ${(rate / ours.get(what).req_s).toFixed(1)} of ours; ${cpu} ms of CPU for one`);
  }
}

/** The other region that both take an image over from. */
async function startSource() {
  run(join(kit, 'glance-up'), ['--name', 'bench-source', '--port', sourcePort, '--region', 'RegionSource']);
  const imageId = await someImage(await openSite(`http://127.0.0.1:${sourcePort}`, keystone, 'demo'), Number(options.mib));
  return { region: 'RegionSource', imageId };
}

async function measure(url, pids, wanted = suites) {
  const figures = new Map();
  for (const suite of wanted) {
    console.error(`# ${suite} ${url}`);
    const more = { data: ['--mib', options.mib], imports: ['--mib', options.mib, '--files-port', filesPort], api: ['--seconds', options.seconds, '--fill', options.fill, '--conns', ...options.clients.split(',')] }[suite] ?? [];
    const out = run(join(peersHome, 'venv/client/bin/python'), [
      join(kit, 'bench/bench.py'), suite, url, '--runs', options.runs, ...more, ...pids.flatMap((pid) => ['--pid', pid])]);
    for (const line of out.split('\n').filter(Boolean)) {
      const { what, ...figure } = JSON.parse(line);
      figures.set(what, figure);
    }
    if (suite !== 'imports') continue;
    const copies = await measureCopies({ url, keystone, pids, mib: Number(options.mib), runs: Number(options.runs), to: 'fast', source });
    for (const [what, figure] of copies) figures.set(what, figure);
  }
  return figures;
}

/** The launcher is the parent of every process of ours; what the kit counts are it and its children. */
function ourPids() {
  return [String(JSON.parse(readFileSync(join(data, 'heliograph.json'), 'utf8')).pid)];
}

function print(ours, glance, hashes) {
  if (hashes) console.log(`md5 and sha512 alone: ${hashes.toFixed(2)} s of CPU for a GiB`);
  const rows = [['', 'Heliograph', 'Glance', 'ratio', 'CPU ours', 'CPU Glance', 'of the hashes', 'memory ours', 'memory Glance']];
  for (const [what, our] of ours) {
    const its = glance.get(what);
    const [rate, cpu, memory] = 'MB_s' in our ? ['MB_s', 'cpu_s_per_GiB', 'peak_rss_MiB'] : 'req_s' in our ? ['req_s', 'cpu_ms_per_req', undefined] : ['rss_MiB', undefined, 'pss_MiB'];
    // Thrown, so that what was started is ended.
    if (our.bad || its?.bad) throw new Error(`${what}: ${our.bad ?? 0} requests failed at Heliograph, ${its?.bad ?? 0} at Glance; the figures mean nothing.`);
    rows.push([`${what} (${rate})`, our[rate], its?.[rate], its ? (our[rate] / its[rate]).toFixed(2) : '', our[cpu], its?.[cpu], hashes && what.startsWith('upload') ? (our[cpu] / hashes).toFixed(2) : '', our[memory], its?.[memory]].map((cell) => String(cell ?? '')));
  }
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  for (const row of rows) console.log(row.map((cell, column) => column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column])).join('  '));
}

function run(command, args, { mayFail = false, env = {} } = {}) {
  const { status, stdout, error } = spawnSync(command, args, { cwd: root, env: { ...process.env, ...env }, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], maxBuffer: 64 * 2 ** 20, timeout: 1_800_000 });
  if (status !== 0 && !mayFail) throw error ?? new Error(`${command} ended with status ${status}`);
  return stdout ?? '';
}

function fail(sentence) {
  console.error(sentence);
  process.exit(1);
}
