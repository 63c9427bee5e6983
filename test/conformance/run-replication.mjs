/**
 * Replication with a real Glance and a real Keystone, by an application credential: from Glance to Heliograph and from Heliograph to Glance, with changes and deletions at the source,
 * every byte verified. Prints one line a step, and N passed, N failed, N skipped.
 */
import { createHash, randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { conformance, dir, fail, freePort, inKit, kit, pass, password, run, withGlance, withHeliograph, withKeystone } from './peers.mjs';

const imageCount = Number(process.env.HELIOGRAPH_REPLICATION_IMAGES ?? 8);
const withinMs = 300_000;
const sha512 = (bytes) => createHash('sha512').update(bytes).digest('hex');

async function signIn(authUrl) {
  const domain = { id: 'default' };
  const response = await fetch(`${authUrl}/auth/tokens`, {
    method: 'POST', headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ auth: { identity: { methods: ['password'], password: { user: { name: 'admin', domain, password } } }, scope: { project: { name: 'admin', domain } } } }),
  });
  const { token: { user } } = await response.json();
  return { token: response.headers.get('x-subject-token'), userId: user.id };
}

/** An application credential of the administrator's, as an operator makes one for the service: it opens what he may do in this project, and his password stands nowhere. */
async function applicationCredential(authUrl) {
  const { token, userId } = await signIn(authUrl);
  const response = await fetch(`${authUrl}/users/${userId}/application_credentials`, {
    method: 'POST', headers: { 'content-type': 'application/json', 'x-auth-token': token }, body: JSON.stringify({ application_credential: { name: 'replication', description: 'Heliograph' } }),
  });
  if (response.status !== 201) throw new Error(`Keystone makes no application credential: ${response.status} ${(await response.text()).slice(0, 500)}`);
  const { application_credential: { id, secret } } = await response.json();
  return { auth_url: authUrl, application_credential_id: id, application_credential_secret: secret };
}

/** The files below a directory that hold a text. */
const filesWith = (directory, text) => readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  .map(({ parentPath, name }) => join(parentPath, name)).filter((file) => readFileSync(file).includes(text));

/** One image service, with one token. */
function region(url, token) {
  async function ask(method, path, body, type = 'application/json') {
    const response = await fetch(url + path, { method, headers: { 'x-auth-token': token, ...(body === undefined ? {} : { 'content-type': type }) }, body: body === undefined ? undefined : Buffer.isBuffer(body) ? body : JSON.stringify(body) });
    const bytes = Buffer.from(await response.arrayBuffer());
    return { status: response.status, bytes, json: () => JSON.parse(bytes.toString()) };
  }
  const must = async (...asked) => {
    const answer = await ask(...asked);
    if (answer.status >= 300) throw new Error(`${asked[0]} ${asked[1]}: ${answer.status} ${answer.bytes.toString().slice(0, 500)}`);
    return answer;
  };
  return {
    ask, must,
    async image(attributes, bytes) {
      const { id } = (await must('POST', '/v2/images', { disk_format: 'raw', container_format: 'bare', ...attributes })).json();
      await must('PUT', `/v2/images/${id}/file`, bytes, 'application/octet-stream');
      return id;
    },
    change: (id, changes) => must('PATCH', `/v2/images/${id}`, changes, 'application/openstack-images-v2.1-json-patch'),
    copiesFrom: async (name) => (await must('GET', `/v2/images?visibility=all&limit=500&heliograph_origin_region=${name}`)).json().images,
    data: async (id) => (await must('GET', `/v2/images/${id}/file`)).bytes,
  };
}

async function until(what, ask, holds) {
  for (const deadline = Date.now() + withinMs; ;) {
    const value = await ask();
    if (holds(value)) return value;
    if (Date.now() > deadline) throw new Error(`not in time: ${what}; at last ${JSON.stringify(value).slice(0, 1500)}`);
    await pause(1000);
  }
}

async function step(what, act) {
  try {
    await act();
    pass(what);
  } catch (error) {
    fail(`${what}: ${error.message}`);
  }
}

const same = (expected, found) => { if (JSON.stringify(expected) !== JSON.stringify(found)) throw new Error(`expected ${JSON.stringify(expected)}, found ${JSON.stringify(found)}`); };
const byOrigin = (copies) => new Map(copies.map((copy) => [copy.heliograph_origin_id, copy]));

/** Images with data in one region, kept as copies in the other by one policy of Heliograph's. */
async function replicate({ from, to, fromName, heliograph, policy }) {
  const data = new Map();
  for (let number = 0; number < imageCount; number += 1) {
    const bytes = randomBytes(1 + Math.floor(Math.random() * 300_000));
    data.set(await from.image({ name: `${fromName} ${number}`, visibility: number % 2 === 0 ? 'public' : 'private', tags: ['golden'], os_type: 'linux' }, bytes), bytes);
  }
  const [changed, deleted, closed] = [...data.keys()];
  const copies = () => to.copiesFrom(fromName);
  const all = (found) => found.length === data.size && found.every(({ status }) => status !== 'queued' && status !== 'importing' && status !== 'saving');

  await step(`${policy.direction} with ${policy.remote_region}: every image of ${fromName} comes once, byte for byte`, async () => {
    await heliograph.must('POST', '/v2/replication-policies', policy);
    const found = await until('every copy is there', copies, all);
    same([...data.keys()].toSorted(), found.map((copy) => copy.heliograph_origin_id).toSorted());
    for (const copy of found) same(sha512(data.get(copy.heliograph_origin_id)), sha512(await to.data(copy.id)));
    for (const copy of found) same(['linux', ['golden']], [copy.os_type, copy.tags]);
  });
  await step(`${policy.direction} with ${policy.remote_region}: changes, deletions and deactivation follow`, async () => {
    await from.change(changed, [{ op: 'replace', path: '/name', value: 'changed' }, { op: 'add', path: '/added', value: 'x' }, { op: 'remove', path: '/os_type' }]);
    await from.must('DELETE', `/v2/images/${deleted}`);
    data.delete(deleted);
    await from.must('POST', `/v2/images/${closed}/actions/deactivate`);
    const found = byOrigin(await until('all has followed', copies, (seen) => all(seen) && byOrigin(seen).get(changed)?.added === 'x' && byOrigin(seen).get(closed)?.status === 'deactivated'));
    same(['changed', undefined, false], [found.get(changed).name, found.get(changed).os_type, found.has(deleted)]);
  });
}

await conformance(async () => {
  const [own, glancePort] = [await freePort(), await freePort()];
  await withKeystone([`http://127.0.0.1:${own}`], async ({ authUrl, env }) => {
    const glanceEnv = { ...env, IMPORT_PORTS: [own, glancePort, env.FILES_PORT].join(',') };
    await withGlance('glance', glancePort, ['--region', 'RegionThree', '--stores', 'cheap,fast', '--workers', '1', '--threads', '2'], glanceEnv, async () => {
      // Keystone remembers what it has told of its catalogue.
      await inKit('stop keystone', env);
      await run('bash', [join(kit, 'keystone-up'), `http://127.0.0.1:${own}`], env, 120_000);
      const auth = await applicationCredential(authUrl);
      const clouds = join(dir, 'clouds.yaml');
      writeFileSync(clouds, JSON.stringify({ clouds: { RegionOne: { auth }, RegionThree: { auth } } }), { mode: 0o600 });
      const options = [`heliograph.replication_clouds=${clouds}`, 'heliograph.replication_poll_seconds=2', 'heliograph.replication_whole_look_seconds=5'].flatMap((option) => ['--set', option]);
      await withHeliograph('heliograph', own, ['--keystone', authUrl, '--keystone-password', password, ...options], async ({ data }) => {
        const { token } = await signIn(authUrl);
        const [heliograph, glance] = [region(`http://127.0.0.1:${own}`, token), region(`http://127.0.0.1:${glancePort}`, token)];
        const shared = { name: 'conformance', remote_region: 'RegionThree', trigger: 'event', deletions: true, concurrency: 4, filter: { tags: ['golden'] } };
        await replicate({ from: glance, to: heliograph, fromName: 'RegionThree', heliograph, policy: { ...shared, direction: 'pull' } });
        await replicate({ from: heliograph, to: glance, fromName: 'RegionOne', heliograph, policy: { ...shared, direction: 'push' } });
        await step('nothing is sent back to where it came from', async () => {
          same([0, 0], [(await glance.copiesFrom('RegionThree')).length, (await heliograph.copiesFrom('RegionOne')).length]);
        });
        await step('through the federation service, where a bandwidth is set, Glance gets the same bytes', async () => {
          const bytes = randomBytes(400_000);
          const id = await heliograph.image({ name: 'slow', tags: ['slow'], visibility: 'public' }, bytes);
          await heliograph.must('POST', '/v2/replication-policies', { ...shared, name: 'slow', direction: 'push', bandwidth: 200_000, filter: { tags: ['slow'] } });
          const [copy] = await until('it is there', async () => (await glance.copiesFrom('RegionOne')).filter((each) => each.heliograph_origin_id === id), ([each]) => each?.status === 'active');
          same(sha512(bytes), sha512(await glance.data(copy.id)));
        });
        await step('the secret of the credential is in no file of Heliograph: not in the log, the database, a store or a log file', async () => {
          same([], filesWith(data, auth.application_credential_secret).map((file) => file.slice(data.length)));
          // The search sees what is there.
          if (filesWith(data, 'conformance').length === 0) throw new Error('the name of the policy was not found either');
        });
        await step('the copies of an image are told, also those in Glance', async () => {
          const [copy] = await glance.copiesFrom('RegionOne');
          const found = (await heliograph.must('GET', `/v2/images/${copy.heliograph_origin_id}/copies`)).json();
          same([{ region: 'RegionThree', id: copy.id }], found.copies.map(({ region: name, id }) => ({ region: name, id })));
        });
      });
    });
  });
});
