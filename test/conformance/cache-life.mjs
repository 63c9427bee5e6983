import { setTimeout as pause } from 'node:timers/promises';

/**
 * The cache of a gateway as administrators use it, by the released `openstack` and `glance` commands: `as(user)` runs the first, `glance(user)` the
 * second, and each gives what was printed, or throws with what it complained.
 */
export function cacheLife({ as, glance, source }) {
  const name = `cached-${process.pid}-${Date.now()}`;
  const image = { id: '' };
  const admin = 'admin_of_demo';
  const listed = async () => JSON.parse(await as(admin, 'cached', 'image', 'list', '-f', 'json'));
  const isCached = async () => (await listed()).some((entry) => entry.ID === image.id && entry.State === 'cached');
  const becomes = async (isIt) => {
    for (let tries = 0; (await isCached()) !== isIt; tries += 1) {
      if (tries === 10) throw new Error(`the image is ${isIt ? 'not ' : ''}in the cache: ${JSON.stringify(await listed())}`);
      await pause(300);
    }
  };

  return [
    ['queues an image for the cache, and lists it there with its size', async () => {
      image.id = (await as(admin, 'image', 'create', '-f', 'value', '-c', 'id', '--disk-format', 'raw', '--container-format', 'bare', '--file', source, name)).trim();
      await as(admin, 'cached', 'image', 'queue', image.id);
      await becomes(true);
      const { size } = JSON.parse(await as(admin, 'image', 'show', '-f', 'json', image.id));
      const [entry] = (await listed()).filter(({ ID }) => ID === image.id);
      expect(entry.Size === size && entry.Hits === 0 && /^\d{4}-/.test(entry['Last Accessed (UTC)']), JSON.stringify(entry));
    }],
    ['counts a download', async () => {
      await as(admin, 'image', 'save', '--file', `${source}-cached`, image.id);
      const [entry] = (await listed()).filter(({ ID }) => ID === image.id);
      expect(entry.Hits === 1, JSON.stringify(entry));
    }],
    ['takes an image out of the cache', async () => {
      await as(admin, 'cached', 'image', 'delete', image.id);
      await becomes(false);
    }],
    ['empties the cache', async () => {
      await as(admin, 'cached', 'image', 'queue', name);
      await becomes(true);
      await as(admin, 'cached', 'image', 'clear', '--queue');
      await becomes(true);
      await as(admin, 'cached', 'image', 'clear', '--cache');
      expect((await listed()).length === 0, 'nothing is listed');
    }],
    ['refuses all this to others', async () => {
      await refused(as('demo', 'cached', 'image', 'list'));
      await refused(as('demo', 'cached', 'image', 'queue', image.id));
    }],
    ['does the same for the glance command', async () => {
      await glance(admin, 'cache-queue', image.id);
      await becomes(true);
      expect((await glance(admin, 'cache-list')).includes(image.id), 'it is listed');
      expect((await glance(admin, 'cache-prune')).includes('Pruned 0 file(s), 0 byte(s).'), 'nothing is pruned');
      await glance(admin, 'cache-clean');
      expect((await glance(admin, 'cache-nodes-list', image.id)).includes('Unable to list cached nodes'), 'nodes are not known');
      await glance(admin, 'cache-delete', image.id);
      await becomes(false);
      await glance(admin, 'cache-queue', image.id);
      await becomes(true);
      await glance(admin, 'cache-clear', '--target', 'both');
      await becomes(false);
    }],
    ['forgets a deleted image', async () => {
      await as(admin, 'cached', 'image', 'queue', image.id);
      await becomes(true);
      await as(admin, 'image', 'delete', image.id);
      await becomes(false);
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
