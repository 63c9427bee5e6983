import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const sizeBytes = 3 * 2 ** 20 + 17;

/**
 * The life of an image as the released `openstack` client leads it, from creation to deletion, by four users. Everything that needs
 * an import is left out. Each step says what must hold; `as(user)` runs the client and gives what it printed, or throws with what it complained.
 */
export function imageLife({ as, dir }) {
  const name = `life-${process.pid}-${Date.now()}`;
  const data = randomBytes(sizeBytes);
  const file = (which) => join(dir, `${name}-${which}`);
  writeFileSync(file('disk'), data);
  const digest = (algorithm) => createHash(algorithm).update(data).digest('hex');
  const image = { id: '' };

  const show = async (user = 'demo') => JSON.parse(await as(user, 'image', 'show', '-f', 'json', image.id));
  const idsOf = async (user, ...filters) => (await as(user, 'image', 'list', '-f', 'value', '-c', 'ID', ...filters)).split('\n');
  const isListed = async (user, ...filters) => (await idsOf(user, ...filters)).includes(image.id);
  const projectOf = async (user) => (await as(user, 'token', 'issue', '-f', 'value', '-c', 'project_id')).trim();
  const set = (user, ...changes) => as(user, 'image', 'set', ...changes, image.id);
  const savedAs = async (user, which) => {
    await as(user, 'image', 'save', '--file', file(which), image.id);
    expect(readFileSync(file(which)).equals(data), 'the saved bytes are the sent ones');
  };

  return [
    ['creates an image with data, a tag and a property', async () => {
      image.id = (await as('demo', 'image', 'create', '-f', 'value', '-c', 'id', '--disk-format', 'raw', '--container-format', 'bare',
        '--file', file('disk'), '--tag', 'first', '--property', 'os_distro=debian', name)).trim();
      expect(/^[0-9a-f-]{36}$/.test(image.id), `an id came back: ${image.id}`);
    }],
    ['shows it active with its size', async () => {
      const { status, size } = await show();
      expect(status === 'active' && size === sizeBytes, `status ${status}, size ${size}`);
    }],
    ['knows the checksum and the hash of the data', async () => {
      const { checksum, properties } = await show();
      expect(checksum === digest('md5'), `checksum ${checksum}`);
      expect(properties.os_hash_algo === 'sha512' && properties.os_hash_value === digest('sha512'), `hash ${properties.os_hash_value}`);
    }],
    ['lists it by name', async () => expect(await isListed('demo', '--name', name), 'it is listed')],
    ['lists it by tag', async () => expect(await isListed('demo', '--tag', 'first'), 'it is listed')],
    ['lists it by property', async () => expect(await isListed('demo', '--property', 'os_distro=debian'), 'it is listed')],
    ['takes a new name, a property, a tag and a memory need', async () => {
      await set('demo', '--name', `${name}-b`, '--property', 'hw_disk_bus=virtio', '--tag', 'second', '--min-ram', '64');
      const changed = await show();
      expect(changed.name === `${name}-b` && changed.min_ram === 64 && changed.properties.hw_disk_bus === 'virtio', JSON.stringify(changed));
      expect(['first', 'second'].every((tag) => changed.tags.includes(tag)), `tags ${changed.tags}`);
    }],
    ['loses a property and a tag', async () => {
      await as('demo', 'image', 'unset', '--property', 'os_distro', '--tag', 'first', image.id);
      const changed = await show();
      expect(!('os_distro' in changed.properties) && !changed.tags.includes('first'), JSON.stringify(changed));
    }],
    ['gives its data back', () => savedAs('demo', 'saved')],
    ['is invisible to another project', async () => {
      await refused(as('alt_demo', 'image', 'show', image.id));
      expect(!(await isListed('alt_demo')), 'it is not listed');
    }],
    ['is shared with another project', async () => {
      await set('demo', '--shared');
      await as('demo', 'image', 'add', 'project', image.id, await projectOf('alt_demo'));
    }],
    ['is accepted by the other project', () => set('alt_demo', '--accept')],
    ['is listed by the member', async () => expect(await isListed('alt_demo', '--shared'), 'it is listed')],
    ['gives its data to the member', () => savedAs('alt_demo', 'shared')],
    ['names its members to the owner', async () => {
      const members = await as('demo', 'image', 'member', 'list', '-f', 'value', image.id);
      expect(members.includes(await projectOf('alt_demo')) && members.includes('accepted'), members);
    }],
    ['cannot be changed by the member', () => refused(set('alt_demo', '--name', 'mine'))],
    ['is taken back from the member', async () => {
      await as('demo', 'image', 'remove', 'project', image.id, await projectOf('alt_demo'));
      await refused(as('alt_demo', 'image', 'show', image.id));
    }],
    ['gives no data while an administrator has it deactivated', async () => {
      await set('admin', '--deactivate');
      await refused(as('demo', 'image', 'save', '--file', file('deactivated'), image.id));
    }],
    ['gives its data again after it was activated', async () => {
      await set('admin', '--activate');
      await savedAs('demo', 'activated');
    }],
    ['is public when an administrator says so, and for nobody else', async () => {
      await refused(set('demo', '--public'));
      await set('admin', '--public');
      expect(await isListed('alt_demo', '--public'), 'everybody lists it');
      await set('admin', '--private');
    }],
    ['cannot be deleted while it is protected', async () => {
      await set('demo', '--protected');
      await refused(as('demo', 'image', 'delete', image.id));
      await set('demo', '--unprotected');
    }],
    ['is read but not written by a reader', async () => {
      expect((await show('demo_reader')).id === image.id, 'a reader of the project sees it');
      await refused(set('demo_reader', '--name', 'mine'));
      await refused(as('demo_reader', 'image', 'create', `${name}-reader`));
    }],
    ['waits for data when it was created without any', async () => {
      const id = (await as('demo', 'image', 'create', '-f', 'value', '-c', 'id', `${name}-empty`)).trim();
      const status = (await as('demo', 'image', 'show', '-f', 'value', '-c', 'status', id)).trim();
      await as('demo', 'image', 'delete', id);
      expect(status === 'queued', `status ${status}`);
    }],
    ['is deleted', () => as('demo', 'image', 'delete', image.id)],
    ['is gone', async () => {
      await refused(as('demo', 'image', 'show', image.id));
      expect(!(await isListed('demo')), 'it is not listed');
    }],
  ];
}

function expect(isTrue, what) {
  if (!isTrue) throw new Error(`expected otherwise: ${what}`);
}

async function refused(action) {
  const outcome = await action.then((printed) => ({ printed }), () => undefined);
  if (outcome) throw new Error(`this should have been refused, but printed: ${outcome.printed}`);
}
