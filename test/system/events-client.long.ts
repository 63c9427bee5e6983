import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { projectDir } from '#libs/embedded';
import { signIn, type Client } from './client.js';
import { seeded, seedOfThisRun } from './random.js';
import { quickEnds, startRegion, type Region } from './region.js';

const seed = seedOfThisRun();
const deaths = Number(process.env['HELIOGRAPH_CONSUMER_KILLS'] ?? 50);

interface Event { readonly id: string; readonly type: string; readonly subject: string; readonly data: unknown }

/** The example that keeps an audit trail, as a process that is killed and started again. */
function consumer(region: Region, trail: string, ...servers: readonly string[]) {
  const random = seeded(seed);
  const example = join(projectDir(), 'packages/events-client/examples/audit-trail.mjs');
  let child: ChildProcess | undefined;
  const said: string[] = [];
  const start = (): void => {
    child = spawn(process.execPath, [example, trail, ...servers], {
      cwd: projectDir(), stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, OS_AUTH_URL: region.identityUrl, OS_USERNAME: 'demo', OS_PASSWORD: region.password, OS_PROJECT_NAME: 'demo', OS_REGION_NAME: region.stack.region },
    });
    child.stderr?.on('data', (chunk: Buffer) => { said.push(chunk.toString()); });
  };
  const kill = async (): Promise<void> => {
    const ended = child && child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined;
    child?.kill('SIGKILL');
    await ended;
  };
  const events = async (): Promise<Event[]> => {
    const text = await readFile(trail, 'utf8').catch(() => '');
    return text.slice(0, text.lastIndexOf('\n') + 1).split('\n').filter(Boolean).map((line) => (JSON.parse(line) as { event: Event }).event);
  };
  return {
    start, kill, events, said,
    /** Dies again and again, at any moment: while it starts, while it catches up, while it listens. */
    async dieAgainAndAgain(): Promise<number> {
      let died = 0;
      for (; died < deaths; died += 1) {
        const before = (await events()).length;
        start();
        // Once in a while it lives long enough to get somewhere, however slow the machine is.
        for (let waited = 0; died % 3 === 0 && waited < 20_000 && (await events()).length === before; waited += 50) await pause(50);
        await pause(random.below(900));
        await kill();
      }
      return died;
    },
  };
}

async function allEvents(client: Client): Promise<Event[]> {
  const events: Event[] = [];
  for (let path: string | undefined = '/v2/events?limit=1000'; path !== undefined;) {
    const page: { events: Event[]; next?: string } = (await client.askUntilAnswered('GET', path)).json<{ events: Event[]; next?: string }>();
    events.push(...page.events);
    path = page.next;
  }
  return events;
}

describe(`A consumer that is killed ${deaths} times (seed ${seed})`, () => {
  let region: Region;
  let client: Client;
  beforeAll(async () => {
    region = await startRegion({ settings: quickEnds });
    client = await signIn(region);
  });
  afterAll(() => region?.stop());

  it.each(['HTTP', 'NATS'] as const)('over %s has every event exactly once, in order, though catalog and gateway die under it too', async (over) => {
    const mine = consumer(region, join(region.stack.dir, `trail-${over}.jsonl`), ...(over === 'NATS' ? [region.stack.nats.url] : []));
    let isLoading = true;
    const load = (async () => {
      for (let count = 0; isLoading; count += 1) {
        const { id } = (await client.askUntilAnswered('POST', '/v2/images', { body: { name: `image ${count}`, visibility: 'shared' } })).json();
        await client.askUntilAnswered('PUT', `/v2/images/${id}/tags/t${count}`);
        await client.askUntilAnswered('POST', `/v2/images/${id}/members`, { body: { member: 'somebody' } });
        if (count % 2 === 0) await client.askUntilAnswered('DELETE', `/v2/images/${id}`);
        await pause(50);
      }
    })();
    const dying = mine.dieAgainAndAgain();
    await pause(3000);
    for (const name of ['catalog', 'gateway'] as const) {
      await region.kill(name);
      await region.restart(name);
    }
    expect(await dying).toBe(deaths);
    isLoading = false;
    await load;
    const expected = await allEvents(client);
    mine.start();
    for (const giveUpAt = Date.now() + 60_000; Date.now() < giveUpAt && (await mine.events()).at(-1)?.id !== expected.at(-1)?.id;) await pause(100);
    await mine.kill();
    const kept = await mine.events();
    expect(kept.length).toBeGreaterThan(20);
    expect(kept.map(({ id }) => id)).toEqual(expected.map(({ id }) => id));
    expect(kept).toEqual(expected);
    expect(mine.said.join('')).not.toMatch(/Refused|SyntaxError/);
  }, 600_000);
});
