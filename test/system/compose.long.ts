import { randomBytes, randomInt } from 'node:crypto';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectDir } from '#libs/embedded';
import { readCompose, runCompose, type ComposeRun } from './compose.js';

const password = 'compose-secret';

/** Every variable that docker/.env.example names, filled in as its first line says. */
async function variables(): Promise<Record<string, string>> {
  const text = await readFile(join(projectDir(), 'docker/.env.example'), 'utf8');
  const names = [...text.matchAll(/^([A-Z_]+)=/gm)].map(([, name]) => String(name));
  return { ...Object.fromEntries(names.map((name) => [name, randomBytes(16).toString('hex')])), IDENTITY_PASSWORD: password };
}

async function tokenFrom(host: string): Promise<string> {
  const response = await fetch(`http://${host}:5000/v3/auth/tokens`, {
    method: 'POST', headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ auth: {
      identity: { methods: ['password'], password: { user: { name: 'demo', domain: { id: 'default' }, password } } },
      scope: { project: { name: 'demo', domain: { id: 'default' } } },
    } }),
  });
  return response.headers.get('x-subject-token') ?? '';
}

async function createImage(origin: string, token: string): Promise<{ status: number; name: unknown }> {
  const response = await fetch(`${origin}/v2/images`, {
    method: 'POST', headers: { 'content-type': 'application/json', 'x-auth-token': token }, body: JSON.stringify({ name: 'from compose' }),
  });
  return { status: response.status, name: ((await response.json()) as { name?: unknown }).name };
}

describe.each([
  { file: 'compose.yaml', identity: 'development-identity', gateways: [['gateway', 9292]] as const },
  { file: 'compose.two-regions.yaml', identity: 'development-identity', gateways: [['gateway-one', 9292], ['gateway-two', 9293]] as const },
])('docker/$file', ({ file, identity, gateways }) => {
  let dir: string;
  let run: ComposeRun | undefined;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'heliograph-compose-'));
    await chmod(dir, 0o755);
  });
  afterAll(async () => {
    await run?.stop();
    await rm(dir, { recursive: true, force: true });
  });

  it('starts every service with the environment it gives, and each becomes ready', async () => {
    run = await runCompose(await readCompose(file, await variables()), dir, `127.${randomInt(1, 255)}.${randomInt(1, 255)}`);
  }, 180_000);

  it('takes an image in every region, with a token of its identity service', async () => {
    if (!run) throw new Error('nothing runs');
    const token = await tokenFrom(run.address(identity));
    for (const [gateway, port] of gateways) {
      expect(await createImage(`http://${run.address(gateway)}:${port}`, token)).toEqual({ status: 201, name: 'from compose' });
    }
  });

  it('asks for no variable that docker/.env.example does not name', async () => {
    await expect(readCompose(file, {})).rejects.toThrow(/asks for/);
    await expect(readCompose(file, await variables())).resolves.toBeDefined();
  });
});
