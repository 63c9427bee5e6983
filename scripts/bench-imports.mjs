/**
 * What the kit's load test does not time: copying an image to another store, and taking it over from another region. Both as a user sees
 * them, from the request to the image that he wanted; CPU is that of the named processes and their children, as the kit counts it.
 */
import { randomFillSync } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { request } from 'node:http';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';

const mibBytes = 2 ** 20;
const ticksPerSecond = 100;
const giveUpMs = 600_000;

/** Creates an image of so many MiB of noise at a server and returns its id. */
export async function someImage(site, mib) {
  const { id } = await site.ask('POST', '/v2/images', { name: 'bench', disk_format: 'raw', container_format: 'bare' });
  const { port } = new URL(site.url);
  const upload = request({
    host: '127.0.0.1', port, path: `/v2/images/${id}/file`, method: 'PUT', agent: false,
    headers: { 'x-auth-token': site.token, 'content-type': 'application/octet-stream', 'content-length': mib * mibBytes },
  });
  const answered = once(upload, 'response');
  const block = randomFillSync(Buffer.alloc(mibBytes));
  for (let at = 0; at < mib; at += 1) {
    block.writeUInt32BE(at);
    if (!upload.write(Buffer.from(block))) await once(upload, 'drain');
  }
  upload.end();
  const [{ statusCode }] = await answered;
  if (statusCode !== 204) throw new Error(`the upload to ${site.url} was answered ${statusCode}`);
  return id;
}

/** A server of the Image API as one user sees it. */
export async function openSite(url, keystone, userName, projectName = userName) {
  const domain = { id: 'default' };
  const signedIn = await fetch(`${keystone}/auth/tokens`, {
    method: 'POST', headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ auth: {
      identity: { methods: ['password'], password: { user: { name: userName, domain, password: process.env.PEERS_PASSWORD ?? 'secret' } } },
      scope: { project: { name: projectName, domain } },
    } }),
  });
  const token = signedIn.headers.get('x-subject-token');
  if (!token) throw new Error(`${userName} cannot sign in: ${signedIn.status}`);
  const { token: { project } } = await signedIn.json();
  return {
    url, token, projectId: project.id,
    async ask(method, path, body) {
      const response = await fetch(url + path, {
        method, headers: { 'x-auth-token': token, ...(body ? { 'content-type': 'application/json' } : {}) }, ...(body ? { body: JSON.stringify(body) } : {}),
      });
      const text = await response.text();
      if (!response.ok) throw new Error(`${method} ${path} at ${url}: ${response.status} ${text.slice(0, 300)}`);
      return text.startsWith('{') ? JSON.parse(text) : text;
    },
  };
}

/** `copy-image` to the store `to`, and `glance-download` of the source's image; the median of several runs each. */
export async function measureCopies({ url, keystone, pids, mib, runs, to, source }) {
  const demo = await openSite(url, keystone, 'demo');
  const admin = await openSite(url, keystone, 'admin', 'demo');
  const copies = [];
  const downloads = [];
  for (let run = 0; run < runs; run += 1) {
    const id = await someImage(demo, mib);
    copies.push(await measured(pids, mib, async () => {
      await admin.ask('POST', `/v2/images/${id}/import`, { method: { name: 'copy-image' }, stores: [to] });
      await until(demo, id, ({ stores = '', ...image }) => stores.split(',').includes(to) && !image.os_glance_importing_to_stores);
    }));
    await tidy(demo, id);
    const { id: copyId } = await demo.ask('POST', '/v2/images', { name: 'bench', disk_format: 'raw', container_format: 'bare' });
    downloads.push(await measured(pids, mib, async () => {
      await demo.ask('POST', `/v2/images/${copyId}/import`, { method: { name: 'glance-download', glance_region: source.region, glance_image_id: source.imageId } });
      await until(demo, copyId, ({ status }) => status === 'active');
    }));
    await tidy(demo, copyId);
  }
  return new Map([['copy-image', median(copies)], ['import glance-download', median(downloads)]]);
}

/** Glance may answer 500 while its import, whose image is active already, writes its last words; a bench does not end for an image that stays. */
async function tidy(site, id) {
  await pause(1000);
  await site.ask('DELETE', `/v2/images/${id}`).catch((error) => { console.error(`# left behind: ${error.message.slice(0, 120)}`); });
}

async function until(site, id, isWanted) {
  for (const giveUpAt = Date.now() + giveUpMs; Date.now() < giveUpAt; await pause(50)) {
    const image = await site.ask('GET', `/v2/images/${id}`);
    if (isWanted(image)) return;
    if (image.os_glance_failed_import) throw new Error(`the import at ${site.url} failed for ${image.os_glance_failed_import}`);
  }
  throw new Error(`the import at ${site.url} did not end`);
}

async function measured(pids, mib, work) {
  const [cpuBefore, startedAt] = [cpuSeconds(pids), performance.now()];
  await work();
  const seconds = (performance.now() - startedAt) / 1000;
  return { MB_s: round(mib * mibBytes / seconds / 1e6), cpu_s_per_GiB: round((cpuSeconds(pids) - cpuBefore) * 1024 / mib) };
}

function median(rows) {
  const middle = (name) => rows.map((row) => row[name]).toSorted((one, other) => one - other)[Math.floor(rows.length / 2)];
  return { MB_s: middle('MB_s'), cpu_s_per_GiB: middle('cpu_s_per_GiB') };
}

const round = (value) => Math.round(value * 100) / 100;

function cpuSeconds(roots) {
  let ticks = 0;
  for (const todo = [...roots]; todo.length > 0;) {
    const pid = todo.pop();
    try {
      // utime, stime, and those of children that have ended: fields 14 to 17 of proc(5).
      const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1).split(' ');
      ticks += fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
      for (const thread of readdirSync(`/proc/${pid}/task`)) todo.push(...readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').split(' ').filter(Boolean));
    } catch (error) {
      if (error.code !== 'ENOENT' && error.code !== 'ESRCH') throw error;
    }
  }
  return ticks / ticksPerSecond;
}
