/**
 * The released `openstack` client against Heliograph: once with the development identity, once with a real Keystone, and the dialogues of two guides in a stricter cloud.
 * Arguments name the parts that are run: development, guides, signatures (with a real Barbican), keystone, cache; all without.
 * Prints one line a step, and N passed, N failed, N skipped.
 */
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { cacheLife } from './cache-life.mjs';
import { catalogueManagement, imageImport, strictCloud, withImageServer } from './dialogues.mjs';
import { withBarbican } from './barbican.mjs';
import { imageLife } from './image-life.mjs';
import { signedImages } from './signed-images.mjs';
import { client, conformance, dir, fail, freePort, pass, password, run, withHeliograph, withKeystone } from './peers.mjs';

/** The administrator works in project demo, too: of his own project some processes of the kit's Keystone remember a catalogue without images for ten minutes. */
const projects = { demo_reader: 'demo', admin_of_demo: 'demo' };
const names = { admin_of_demo: 'admin' };

const environmentOf = (user, authUrl, region) => ({
  PATH: process.env.PATH, HOME: dir, PYTHONWARNINGS: 'ignore', OS_AUTH_URL: authUrl, OS_IDENTITY_API_VERSION: '3', OS_REGION_NAME: region,
  OS_USERNAME: names[user] ?? user, OS_PROJECT_NAME: projects[user] ?? user, OS_PASSWORD: password, OS_USER_DOMAIN_ID: 'default', OS_PROJECT_DOMAIN_ID: 'default',
});

/** Standard input is closed: the clients would upload what they read from it. What a client complains of and what it prints come together. */
const command = (program, authUrl, region, ...always) => (user, ...args) =>
  run('sh', ['-c', 'exec "$@" <&- 2>&1', 'sh', program, ...always, ...args], environmentOf(user, authUrl, region), 60_000);

const openstack = (program, authUrl, region) => (user, ...args) =>
  run('sh', ['-c', 'exec "$@" <&-', 'sh', program, ...args], environmentOf(user, authUrl, region), 60_000);

async function live(title, steps) {
  for (const [name, step] of steps) {
    try {
      await step();
      pass(`${title}: ${name}`);
    } catch (error) {
      fail(`${title}: ${name}\n     ${error.message.replaceAll('\n', '\n     ')}`);
    }
  }
}

const wanted = process.argv.slice(2);
const isWanted = (part) => wanted.length === 0 || wanted.includes(part);

await conformance(async () => {
  const program = await client();
  if (isWanted('development')) {
    await withHeliograph('development', await freePort(), [], async ({ identityUrl, region }) => {
      await live('development identity', imageLife({ as: openstack(program, identityUrl, region), dir }));
    });
  }
  if (isWanted('guides')) {
    const port = await freePort();
    await withImageServer(randomBytes(2 ** 20), (server) => withHeliograph('guides', port, strictCloud(server.port), async ({ identityUrl, region }) => {
      const as = openstack(program, identityUrl, region);
      await live('images by import', imageImport({ as, dir, server, url: `http://127.0.0.1:${port}` }));
      await live('a catalogue', catalogueManagement({ as, dir }));
    }));
  }
  if (isWanted('signatures')) {
    const port = await freePort();
    await withKeystone(`http://127.0.0.1:${port}`, ({ authUrl, env }) => withBarbican(authUrl, env, password, ({ url: keys }) =>
      withHeliograph('signatures', port, ['--keystone', authUrl, '--keystone-password', password], async ({ region }) => {
        await live('signed images', signedImages({ as: openstack(program, authUrl, region), dir, url: `http://127.0.0.1:${port}`, keys }));
      })));
  }
  if (isWanted('keystone') || isWanted('cache')) {
    const port = await freePort();
    await withKeystone(`http://127.0.0.1:${port}`, async ({ authUrl }) => {
      const cache = ['--set', `default.image_cache_dir=${join(dir, 'cache')}`];
      await withHeliograph('keystone', port, ['--keystone', authUrl, '--keystone-password', password, ...cache], async ({ region }) => {
        const as = openstack(program, authUrl, region);
        if (isWanted('keystone')) await live('Keystone', imageLife({ as, dir }));
        if (!isWanted('cache')) return;
        const source = join(dir, 'to-be-cached');
        writeFileSync(source, randomBytes(2 ** 20));
        // These commands go to one gateway, whose address they want to be told.
        const glance = command(join(dirname(program), 'glance'), authUrl, region, '--os-image-url', `http://127.0.0.1:${port}`);
        await live('cache', cacheLife({ as, glance, source }));
      });
    });
  }
});
