import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { ending, projectFile } from './peers.mjs';

/**
 * The command sequences of the guides that Heliograph was made from, word by word as far as the released client has them: images by import (S0) and the
 * management of a catalogue (S4), in the stricter cloud that S4 describes. Where the client has no such option, the step says what it has instead.
 */

/** Serves one file as a public image server would. `use` gets its URL. */
export function withImageServer(data, use) {
  const server = createServer((request, response) => {
    response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': data.length });
    response.end(request.method === 'HEAD' ? undefined : data);
  });
  return ending(() => new Promise((resolve) => { server.close(resolve); server.closeAllConnections(); }), async () => {
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address();
    return use({ port, url: `http://127.0.0.1:${port}/noble/current/noble-server-cloudimg-amd64.img`, data });
  });
}

/** What the launcher is told for the stricter cloud, and for image servers on this machine. */
export const strictCloud = (imageServerPort) => [
  '--set', 'heliograph.list_community_images=true',
  '--set', `oslo_policy.policy_file=${projectFile('etc/policy-curated.yaml')}`,
  '--set', `import_filtering_opts.allowed_ports=80,443,${imageServerPort}`, '--set', 'heliograph.import_allowed_networks=127.0.0.0/8',
];

/** S0: the Image Import API. Imports are for administrators in this cloud. */
export function imageImport({ as, dir, server, url }) {
  const image = {};
  const file = join(dir, 'large-image.qcow2');
  const create = async (name) => (await as('admin', 'image', 'create', '--disk-format', 'raw', '--container-format', 'bare', name, '-f', 'value', '-c', 'id')).trim();
  const status = async (id) => (await as('admin', 'image', 'show', id, '-c', 'status', '-f', 'value')).trim();
  /** `watch -n 5 "openstack image show <IMAGE_ID> -c status"`, a little quicker. */
  const until = async (id, wanted) => {
    for (const giveUpAt = Date.now() + 60_000; Date.now() < giveUpAt; await pause(500)) if (await status(id) === wanted) return;
    throw new Error(`it is ${await status(id)}, not ${wanted}`);
  };
  return [
    ['`image create --import-method` is not of the released client', () => refused(as('admin', 'image', 'create', '--import-method', 'web-download', 'ubuntu-24.04-noble'), /unrecognized arguments/)],
    ['create image record for web-download', async () => { image.noble = await create('ubuntu-24.04-noble'); }],
    ['import from a public image server: `image import --method web-download --uri`', async () => { await as('admin', 'image', 'import', '--method', 'web-download', '--uri', server.url, image.noble); }],
    ['poll import status until it is active', () => until(image.noble, 'active')],
    ['the imported image is what the server has', async () => {
      await as('admin', 'image', 'save', '--file', file, image.noble);
      expect(readFileSync(file).equals(server.data), 'the bytes are the same');
    }],
    ['create image record for a staged upload', async () => { image.large = await create('large-windows-image'); }],
    ['stage image data: `curl -X PUT … --data-binary` with a token of `token issue`', async () => {
      const token = (await as('admin', 'token', 'issue', '-f', 'value', '-c', 'id')).trim();
      const answer = await fetch(`${url}/v2/images/${image.large}/stage`, { method: 'PUT', headers: { 'X-Auth-Token': token, 'Content-Type': 'application/octet-stream' }, body: server.data });
      expect(answer.status === 204, `status ${answer.status}`);
      expect(await status(image.large) === 'uploading', `it is ${await status(image.large)}`);
    }],
    ['import from staging area: `image import --method glance-direct`', async () => { await as('admin', 'image', 'import', '--method', 'glance-direct', image.large); }],
    ['the image transitions to active', () => until(image.large, 'active')],
    ['administrator access required: a member may not import', async () => {
      const id = (await as('demo', 'image', 'create', '--disk-format', 'raw', '--container-format', 'bare', 'mine', '-f', 'value', '-c', 'id')).trim();
      // The client does not look at the answer: its command ends as if all were well.
      await as('demo', 'image', 'import', '--method', 'web-download', '--uri', server.url, id);
      expect((await as('demo', 'image', 'show', id, '-c', 'status', '-f', 'value')).trim() === 'queued', 'nothing was imported');
      const token = (await as('demo', 'token', 'issue', '-f', 'value', '-c', 'id')).trim();
      const answer = await fetch(`${url}/v2/images/${id}/import`, {
        method: 'POST', headers: { 'X-Auth-Token': token, 'Content-Type': 'application/json' }, body: JSON.stringify({ method: { name: 'web-download', uri: server.url } }),
      });
      expect(answer.status === 403, `status ${answer.status}`);
      await as('demo', 'image', 'delete', id);
    }],
    ['nothing of it stays', async () => { await as('admin', 'image', 'delete', image.noble, image.large); }],
  ];
}

/** S4: the image catalogue. */
export function catalogueManagement({ as, dir }) {
  const rocky = join(dir, 'rocky-linux-9.qcow2');
  const saved = join(dir, 'large-image.saved');
  const data = qcow2();
  writeFileSync(rocky, data);
  const name = 'rocky-linux-9-v1.0';
  const old = 'ubuntu-24.04-base-v1.0';
  const create = (user, ...words) => as(user, 'image', 'create', '--disk-format', 'qcow2', '--container-format', 'bare', '--file', rocky, '--property', 'os_distro=rocky', '--property', 'os_version=9', ...words);
  const listed = async (user) => (await as(user, 'image', 'list', '-f', 'value', '-c', 'Name')).split('\n');
  const idOf = async (user, image) => (await as(user, 'image', 'show', image, '-f', 'value', '-c', 'id')).trim();
  return [
    ['create a community image', () => create('admin', '--community', name)],
    ['only users with the admin role can', () => refused(create('demo', '--community', 'mine'), /403|Forbidden|not authorized/i)],
    ['community images appear in every project\'s image list', async () => {
      for (const user of ['demo', 'alt_demo']) expect((await listed(user)).includes(name), `${user} lists it`);
    }],
    ['an instance of another project can be launched from it: its data is read there', async () => {
      await as('alt_demo', 'image', 'save', '--file', saved, name);
      expect(readFileSync(saved).equals(data), 'the bytes are the same');
    }],
    ['decommission a community image: `image set --private`', async () => {
      await as('admin', 'image', 'set', '--private', name);
      expect(!(await listed('demo')).includes(name), 'no project lists it any more');
    }],
    ['promote an image when ready: private, then shared', async () => {
      await create('demo', '--private', 'validated');
      await as('demo', 'image', 'set', '--shared', 'validated');
    }],
    ['a user cannot promote it to the catalogue', () => refused(as('demo', 'image', 'set', '--public', 'validated'), /403|Forbidden|not authorized/i)],
    ['an administrator can', async () => {
      await as('admin', 'image', 'set', '--public', await idOf('demo', 'validated'));
      expect((await listed('alt_demo')).includes('validated'), 'everybody lists it');
    }],
    ['`image deactivate` and `image reactivate` are `image set --deactivate` and `--activate` in the released client', async () => {
      await refused(as('admin', 'image', 'deactivate', name), /not an openstack command|Unknown command/i);
      await as('admin', 'image', 'set', '--deactivate', name);
    }],
    ['deactivated, it can still be exported by an administrator', async () => {
      rmSync(saved, { force: true });
      await as('admin', 'image', 'save', '--file', saved, name);
      expect(existsSync(saved) && readFileSync(saved).equals(data), 'the bytes are the same');
      await as('admin', 'image', 'set', '--activate', name);
    }],
    ['mark an old version as deprecated', async () => {
      await create('admin', '--public', old);
      await as('admin', 'image', 'set', '--deactivate', '--property', 'deprecated=true', '--property', 'replacement=ubuntu-24.04-base-v1.1', old);
      const { status, properties } = JSON.parse(await as('demo', 'image', 'show', old, '-f', 'json'));
      expect(status === 'deactivated' && properties.deprecated === 'true' && properties.replacement === 'ubuntu-24.04-base-v1.1', JSON.stringify(properties));
    }],
    ['hide it from the tenant catalogue: `image set --private`', async () => {
      await as('admin', 'image', 'set', '--private', old);
      expect(!(await listed('demo')).includes(old), 'it is not listed');
    }],
    ['share an image with another project, which accepts it', async () => {
      await create('demo', '--shared', 'for-a-friend');
      const [project, id] = [(await as('alt_demo', 'token', 'issue', '-f', 'value', '-c', 'project_id')).trim(), await idOf('demo', 'for-a-friend')];
      await as('demo', 'image', 'add', 'project', id, project);
      await as('alt_demo', 'image', 'set', '--accept', id);
      expect((await listed('alt_demo')).includes('for-a-friend'), 'it is listed there');
    }],
    ['nothing of it stays', async () => {
      await as('admin', 'image', 'delete', name, old, await idOf('demo', 'validated'), await idOf('demo', 'for-a-friend'));
    }],
  ];
}

/** An empty disk of one MiB in qcow2, version 2, with something behind its tables. */
function qcow2() {
  const header = Buffer.alloc(3 * 65_536);
  header.write('QFI\xfb', 0, 'latin1');
  header.writeUInt32BE(2, 4);
  header.writeUInt32BE(16, 20);
  header.writeBigUInt64BE(1n << 20n, 24);
  header.writeUInt32BE(1, 36);
  header.writeBigUInt64BE(65_536n, 40);
  header.writeBigUInt64BE(131_072n, 48);
  header.writeUInt32BE(1, 56);
  return Buffer.concat([header, randomBytes(4096)]);
}

function expect(isTrue, what) {
  if (!isTrue) throw new Error(`expected otherwise: ${what}`);
}

async function refused(action, why) {
  const outcome = await action.then((printed) => ({ printed }), (error) => ({ error }));
  if (outcome.printed !== undefined) throw new Error(`this should have been refused, but printed: ${outcome.printed}`);
  if (!why.test(outcome.error.message)) throw new Error(`this was refused for another reason: ${outcome.error.message}`);
}
