/**
 * `npm run bench:scale [-- --images N] [--keep DIR] [--only WORD]`: what a page of the list costs in a catalogue of N images (1,000,000 unless told), against a catalogue
 * of 1,000: every documented filter with a rare and with a common value, the first page and one from the middle. Prints the median of each and
 * the ratio, and names what is over 1.5. The images are written to the event log, as commits like any other; the projector does the rest.
 *
 * With --keep the large catalogue stays in DIR, and the next run with the same DIR loads only what is missing; --only asks the questions whose
 * name has the word in it.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { hashed, idOf, loadImages, timeOf, withData } from './bench-load.mjs';

const root = resolve(import.meta.dirname, '..');
const { values: options } = parseArgs({ options: { images: { type: 'string', default: '1000000' }, keep: { type: 'string' }, only: { type: 'string', default: '' }, runs: { type: 'string', default: '41' }, port: { type: 'string', default: '9992' } } });
const [few, many, runs, port] = [1000, Number(options.images), Number(options.runs), Number(options.port)];
/** One image in so many is the rare one; the first of them is among the first thousand. */
const [rareEvery, firstRare] = [100_000, 500];
const aimedRatio = 1.5;

const isRare = (n) => n % rareEvery === firstRare;
/** One in ten is public, and one in fifty demo's own; the rest belongs to a thousand projects. */
function ownership(n, demo) {
  if (n % 50 === 0) return { owner: demo, visibility: 'private' };
  return { owner: `project${n % 1000}`, visibility: n % 10 === 1 ? 'public' : n % 10 === 2 ? 'community' : n % 10 === 3 ? 'shared' : 'private' };
}

function eventsOf(n, demo) {
  const rare = isRare(n);
  const created = {
    ...ownership(n, demo), name: rare ? 'rare' : `common${n % 5}`, tags: rare ? ['rare'] : ['common'], properties: { os_distro: rare ? 'rare' : 'common', number: String(n) },
    isProtected: rare, isHidden: false, minDisk: rare ? 9 : 1, minRam: rare ? 9 : 1, diskFormat: rare ? 'vdi' : 'qcow2', containerFormat: rare ? 'ova' : 'bare',
  };
  if (n % rareEvery === firstRare + 1) return [{ type: 'ImageCreated', data: created }];
  return withData(n, created, { sizeBytes: rare ? 5_000_000_000 : 1_000_000 + n, osHashAlgo: 'sha256', osHashValue: hashed(n) });
}

/** The questions, each with who asks; `%MIDDLE%` is an image that the list has, half-way through it. */
function questions(total) {
  const [rare, newest] = [firstRare, timeOf(total - 20).toISOString()];
  const admin = [
    ['all', ''], ['all, deep', `marker=${middle(total, () => true)}`],
    ['name common', 'name=common1'], ['name common, deep', `name=common1&marker=${middle(total, (n) => n % 5 === 1)}`], ['name rare', 'name=rare'], ['name none', 'name=none'], ['name in:', 'name=in:rare,common2'],
    ['status common', 'status=active'], ['status common, deep', `status=active&marker=${middle(total, () => true)}`], ['status rare', 'status=queued'],
    ['disk_format common', 'disk_format=qcow2'], ['disk_format rare', 'disk_format=vdi'], ['container_format common', 'container_format=bare'], ['container_format rare', 'container_format=ova'],
    ['visibility public', 'visibility=public'], ['visibility public, deep', `visibility=public&marker=${middle(total, (n) => n % 10 === 1)}`], ['visibility community', 'visibility=community'], ['visibility all', 'visibility=all'],
    ['owner common', 'owner=project7'], ['owner none', 'owner=nobody'],
    ['tag common', 'tag=common'], ['tag common, deep', `tag=common&marker=${middle(total, () => true)}`], ['tag rare', 'tag=rare'],
    ['property common', 'os_distro=common'], ['property rare', 'os_distro=rare'],
    ['protected=false', 'protected=false'], ['protected=true (rare)', 'protected=true'], ['os_hidden=true (none)', 'os_hidden=true'],
    ['size_min common', 'size_min=1'], ['size_min rare', 'size_min=5000000000'], ['size_max common', 'size_max=4000000000'], ['size_max none', 'size_max=1'],
    ['min_ram common', 'min_ram=1'], ['min_ram rare', 'min_ram=9'], ['min_disk common', 'min_disk=1'], ['min_disk rare', 'min_disk=9'],
    ['checksum', `checksum=${hashed(rare).slice(0, 32)}`], ['os_hash_value', `os_hash_value=${hashed(rare)}`], ['id in:', `id=in:${idOf(rare)},${idOf(7)}`],
    ['created_at gte, rare', `created_at=gte:${newest}`], ['created_at lt, common', `created_at=lt:${newest}`], ['updated_at gte, rare', `updated_at=gte:${newest}`],
    ['sort by name', 'sort=name:asc'], ['sort by size', 'sort=size:desc'], ['sort by updated_at', 'sort=updated_at:desc'], ['sort by status, name', 'sort=status:asc,name:desc'],
    ['limit=1000', 'limit=1000'],
  ];
  const demo = [
    ['all', ''], ['visibility public', 'visibility=public'], ['visibility all', 'visibility=all'], ['visibility private', 'visibility=private'], ['shared, pending', 'visibility=shared&member_status=pending'],
    ['name rare', 'name=rare'], ['name common', 'name=common1'], ['tag rare', 'tag=rare'], ['property rare', 'os_distro=rare'],
  ];
  return [...admin.map(([what, query]) => ({ who: 'admin', what, query })), ...demo.map(([what, query]) => ({ who: 'demo', what, query }))];
}

/** The id of an image near the middle that a filter lets through. */
function middle(total, isMeant) {
  let n = total >> 1;
  while (!isMeant(n) || isRare(n) || isRare(n - 1)) n += 1;
  return idOf(n);
}

const agent = new Agent({ keepAlive: true, maxSockets: 1 });
const get = (path, token) => new Promise((resolve, reject) => {
  request({ host: '127.0.0.1', port, path, agent, headers: { 'x-auth-token': token } }, (response) => {
    const chunks = [];
    response.on('data', (chunk) => chunks.push(chunk));
    response.once('end', () => resolve({ status: response.statusCode, body: Buffer.concat(chunks).toString() }));
  }).once('error', reject).end();
});

/** Median, in ms, and how many images the page had. */
async function median(question, tokens) {
  const path = `/v2/images?${question.query}`;
  const times = [];
  let answer;
  for (let run = 0; run < runs + 3; run += 1) {
    const began = performance.now();
    answer = await get(path, tokens[question.who]);
    if (answer.status !== 200) return { ms: NaN, status: answer.status };
    if (run >= 3) times.push(performance.now() - began);
    // What takes seconds is known well enough after a few.
    if (run >= 6 && performance.now() - began > 1000) break;
  }
  return { ms: times.toSorted((a, b) => a - b)[times.length >> 1], images: JSON.parse(answer.body).images.length };
}

async function measure(total, tokens) {
  const figures = new Map();
  for (const question of questions(total)) {
    const name = `${question.who}: ${question.what}`;
    if (name.includes(options.only)) figures.set(name, await median(question, tokens));
  }
  return figures;
}

async function signIn(identity, user) {
  const domain = { id: 'default' };
  const response = await fetch(`${identity}/auth/tokens`, {
    method: 'POST', headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ auth: { identity: { methods: ['password'], password: { user: { name: user, domain, password: 'secret' } } }, scope: { project: { name: user, domain } } } }),
  });
  if (!response.ok) throw new Error(`${user} cannot sign in: ${response.status}`);
  return { token: response.headers.get('x-subject-token'), projectId: (await response.json()).token.project.id };
}

function print(before, after) {
  const rows = [['', `${few}`, `${many}`, 'ratio', 'images', '']];
  let over = 0;
  for (const [what, { ms, images, status }] of after) {
    const ratio = ms / before.get(what).ms;
    const isOver = !(ratio <= aimedRatio);
    if (isOver) over += 1;
    rows.push([what, before.get(what).ms.toFixed(2), status ? `status ${status}` : ms.toFixed(2), ratio.toFixed(2), String(images ?? ''), isOver ? `over ${aimedRatio}` : '']);
  }
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  for (const row of rows) console.log(row.map((cell, column) => column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column])).join('  ').trimEnd());
  console.log(`${after.size - over} of ${after.size} within ${aimedRatio} times, median of ${runs}, in ms`);
}

function run(command, args) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
  if (status !== 0) throw error ?? new Error(`${command} ended with status ${status}`);
}

/** Starts a region, brings it to so many images, and measures. What is loaded stands in a file beside the data, for the next time. */
async function measureWith(data, images) {
  const loadedFile = join(data, 'loaded');
  const loaded = existsSync(loadedFile) ? Number(readFileSync(loadedFile, 'utf8')) : 0;
  run('npm', ['start', '--', '--data', data, '--port', String(port), '--detach']);
  try {
    const identity = /auth_url: *['"]?([^'"\s]+)/.exec(readFileSync(join(data, 'clouds.yaml'), 'utf8'))[1];
    const [admin, demo] = [await signIn(identity, 'admin'), await signIn(identity, 'demo')];
    if (loaded < images) {
      await loadImages({ data, from: loaded, to: images, eventsOf: (n) => eventsOf(n, demo.projectId) });
      writeFileSync(loadedFile, String(images));
    }
    return await measure(images, { admin: admin.token, demo: demo.token });
  } finally {
    agent.destroy();
    run('npm', ['stop', '--', '--data', data]);
  }
}

const aside = mkdtempSync(join(tmpdir(), 'heliograph-scale-'));
const kept = options.keep === undefined ? join(aside, 'many') : resolve(options.keep);
try {
  for (const data of [join(aside, 'few'), kept]) mkdirSync(data, { recursive: true });
  const before = await measureWith(join(aside, 'few'), few);
  print(before, await measureWith(kept, many));
} finally {
  rmSync(aside, { recursive: true, force: true });
}
