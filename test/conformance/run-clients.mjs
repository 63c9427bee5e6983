/**
 * The released `openstack` client against Heliograph: once with the development identity, once with a real Keystone.
 * Prints one line a step, and N passed, N failed, N skipped.
 */
import { imageLife } from './image-life.mjs';
import { client, conformance, dir, fail, freePort, pass, password, run, withHeliograph, withKeystone } from './peers.mjs';

const projects = { demo_reader: 'demo' };

function openstack(program, authUrl, region) {
  return async (user, ...args) => {
    const names = { OS_USERNAME: user, OS_PROJECT_NAME: projects[user] ?? user, OS_PASSWORD: password, OS_USER_DOMAIN_ID: 'default', OS_PROJECT_DOMAIN_ID: 'default' };
    const env = { PATH: process.env.PATH, HOME: dir, PYTHONWARNINGS: 'ignore', OS_AUTH_URL: authUrl, OS_IDENTITY_API_VERSION: '3', OS_REGION_NAME: region, ...names };
    // Standard input is closed: the client would upload what it reads from it.
    return run('sh', ['-c', 'exec "$@" <&-', 'sh', program, ...args], env, 60_000);
  };
}

async function live(title, as) {
  for (const [name, step] of imageLife({ as, dir })) {
    try {
      await step();
      pass(`${title}: ${name}`);
    } catch (error) {
      fail(`${title}: ${name}\n     ${error.message.replaceAll('\n', '\n     ')}`);
    }
  }
}

await conformance(async () => {
  const program = await client();
  await withHeliograph('development', await freePort(), [], async ({ identityUrl, region }) => {
    await live('development identity', openstack(program, identityUrl, region));
  });
  const port = await freePort();
  await withKeystone(`http://127.0.0.1:${port}`, async ({ authUrl }) => {
    await withHeliograph('keystone', port, ['--keystone', authUrl, '--keystone-password', password], async ({ region }) => {
      await live('Keystone', openstack(program, authUrl, region));
    });
  });
});
