import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { runningCommand } from '#libs/embedded';
import { signIn, type Client } from './client.js';
import { runProgram, twoFreePorts } from './launched.js';

interface Running {
  readonly pid: number;
  readonly identityUrl: string;
  readonly regions: readonly { region: string; endpoint: string; dataDir: string }[];
  readonly processes: Record<string, { pid: number }>;
}

describe('npm start -- --regions 2', () => {
  let dir: string;
  let data: string;
  let port: number;
  const running = async (): Promise<Running> => JSON.parse(await readFile(join(data, 'heliograph.json'), 'utf8')) as Running;
  const start = (...more: string[]) => runProgram('scripts/start.mjs', '--data', data, '--port', String(port), '--detach', ...more);
  const stop = () => runProgram('scripts/stop.mjs', '--data', data);
  const images = async (client: Client): Promise<string[]> => (await client.ask('GET', '/v2/images')).json<{ images: { name: string }[] }>().images.map(({ name }) => name);

  /** One user, one token, and the Image API of each region. */
  async function inBoth(): Promise<[Client, Client]> {
    const { identityUrl, regions } = await running();
    const at = (url: string): Promise<Client> => signIn({ url, identityUrl, password: 'secret' });
    return Promise.all([at(regions[0]?.endpoint ?? ''), at(regions[1]?.endpoint ?? '')]);
  }

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'heliograph-regions-'));
    await chmod(dir, 0o755);
    data = join(dir, 'data');
    port = await twoFreePorts();
  });
  afterAll(async () => {
    await stop();
    await rm(dir, { recursive: true, force: true });
  });

  it('brings up two regions under one catalogue, and says how each is reached', async () => {
    const { status, output } = await start('--regions', '2');
    expect({ status, output }).toMatchObject({ status: 0 });
    for (const [region, at, where] of [['RegionOne', port, data], ['RegionTwo', port + 1, join(data, 'RegionTwo')]] as const) {
      expect(output).toContain(`Image API of ${region} at http://127.0.0.1:${at}`);
      expect(output).toContain(`source ${join(where, 'openrc')}`);
    }
    const { identityUrl } = await running();
    const signedIn = await fetch(`${identityUrl}/auth/tokens`, {
      method: 'POST', headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ auth: {
        identity: { methods: ['password'], password: { user: { name: 'demo', domain: { id: 'default' }, password: 'secret' } } },
        scope: { project: { name: 'demo', domain: { id: 'default' } } },
      } }),
    });
    const { token } = (await signedIn.json()) as { token: { catalog: { type: string; endpoints: { region: string; interface: string; url: string }[] }[] } };
    const endpoints = token.catalog.find(({ type }) => type === 'image')?.endpoints.filter((endpoint) => endpoint.interface === 'public');
    expect(endpoints?.map(({ region, url }) => [region, url])).toEqual([['RegionOne', `http://127.0.0.1:${port}`], ['RegionTwo', `http://127.0.0.1:${port + 1}`]]);
  });

  it('keeps the images of each region apart', async () => {
    const [one, two] = await inBoth();
    expect((await one.ask('POST', '/v2/images', { body: { name: 'of one' } })).status).toBe(201);
    expect((await two.ask('POST', '/v2/images', { body: { name: 'of two' } })).status).toBe(201);
    expect([await images(one), await images(two)]).toEqual([['of one'], ['of two']]);
  });

  it('serves one region while the other has lost its log server, and brings that back', async () => {
    const [one, two] = await inBoth();
    const before = (await running()).processes['RegionTwo nats']?.pid ?? 0;
    process.kill(before, 'SIGKILL');
    expect((await one.ask('POST', '/v2/images', { body: { name: 'meanwhile' } })).status).toBe(201);
    for (const deadline = Date.now() + 60_000; (await running()).processes['RegionTwo nats']?.pid === before;) {
      if (Date.now() > deadline) throw new Error('the server was not brought back within a minute');
      await delay(100);
    }
    expect((await two.askUntilAnswered('POST', '/v2/images', { body: { name: 'afterwards' } })).status).toBe(201);
  });

  it('is ended by one npm stop, and starts again with one region, which has kept its images', async () => {
    const { processes } = await running();
    expect(await stop()).toMatchObject({ status: 0, output: `Stopped the Heliograph in ${data}.\n` });
    for (const { pid } of Object.values(processes)) expect(await runningCommand(pid)).toBe('');
    expect((await start()).status).toBe(0);
    const { identityUrl, regions } = await running();
    expect(regions.map(({ region }) => region)).toEqual(['RegionOne']);
    const one = await signIn({ url: regions[0]?.endpoint ?? '', identityUrl, password: 'secret' });
    expect((await images(one)).toSorted()).toEqual(['meanwhile', 'of one']);
  });

  it('refuses three regions, and a port that leaves no room for the second', async () => {
    expect(await start('--regions', '3')).toMatchObject({ status: 1, output: expect.stringContaining('--regions 3 cannot be: give 1 or 2.') as string });
    const { status, output } = await runProgram('scripts/start.mjs', '--data', join(dir, 'refused'), '--port', '65535', '--regions', '2', '--detach');
    expect({ status, output }).toMatchObject({ status: 1, output: expect.stringContaining('a port below 65535') as string });
  });
});
