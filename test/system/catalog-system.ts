import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { commandSubject, type CommandContext, type ImageCommandAnswer } from '#libs/contracts';
import type { ImageCommand } from '#libs/domain';
import { freePort, projectDir, startChild, startTestStack, type Child, type TestStack } from '#libs/embedded';
import { createStreams } from '#libs/event-log';
import { createBus, createLogger, type Bus } from '#libs/platform';

/** Real servers, catalogs as processes of their own, and a gateway's line to them. Needs `npm run build`. */
export interface CatalogSystem {
  readonly stack: TestStack;
  readonly bus: Bus;
  startCatalog(env?: NodeJS.ProcessEnv, readyWithinMs?: number): Promise<CatalogProcess>;
  /** Sends one command as a gateway does; rejects with the Problem that comes back. */
  send(imageId: string, command: ImageCommand, context?: Partial<CommandContext>): Promise<ImageCommandAnswer>;
  /** Sends it again, with the same command id, until it is answered for good: what every client with an Idempotency-Key may do. */
  sendUntilAnswered(imageId: string, command: ImageCommand): Promise<ImageCommandAnswer>;
  /** The environment of the operator's commands. */
  readonly operatorEnv: NodeJS.ProcessEnv;
  stop(): Promise<void>;
}

export interface CatalogProcess extends Child {
  readyz(): Promise<{ status: number; checks: Record<string, string> }>;
  metric(name: string): Promise<number>;
}

export const anImage = (name: string): ImageCommand => ({
  type: 'CreateImage', visibility: 'private', tags: [], properties: {}, name, owner: 'project', isProtected: false, isHidden: false,
  containerFormat: 'bare', diskFormat: 'raw', minDisk: 0, minRam: 0,
});

export const rename = (name: string): ImageCommand => ({ type: 'ChangeImageProperties', changes: [{ of: 'attribute', name: 'name', value: name }] });

export async function startCatalogSystem({ durable = false } = {}): Promise<CatalogSystem> {
  const stack = await startTestStack({ durable });
  const logger = createLogger({ service: 'test', region: stack.region, level: 'silent' });
  const connect = (user: 'gateway' | 'setup') => createBus({ servers: [stack.nats.url], user, password: stack.passwords[user], region: stack.region, logger });
  const setup = await connect('setup');
  await createStreams(setup.connection, stack.region, { replicas: 1 });
  await setup.close();
  const bus = await connect('gateway');
  const catalogs: CatalogProcess[] = [];

  const env = (user: 'catalog' | 'operator'): NodeJS.ProcessEnv => ({
    PATH: process.env['PATH'], HELIOGRAPH_HELIOGRAPH__REGION: stack.region, HELIOGRAPH_HELIOGRAPH__NATS_URL: stack.nats.url,
    HELIOGRAPH_HELIOGRAPH__NATS_PASSWORD: stack.passwords[user], HELIOGRAPH_HELIOGRAPH__DATABASE_URL: stack.databaseUrl,
  });

  async function startCatalog(more: NodeJS.ProcessEnv = {}, readyWithinMs = 120_000): Promise<CatalogProcess> {
    const port = await freePort();
    const get = (path: string) => fetch(`http://127.0.0.1:${port}${path}`, { signal: AbortSignal.timeout(5000) });
    const child = await startChild({
      name: 'catalog', command: process.execPath, args: [join(projectDir(), 'dist/apps/catalog/src/main.js')], cwd: projectDir(),
      env: { ...env('catalog'), HELIOGRAPH_HELIOGRAPH__OPERATIONS_PORT: String(port), ...more }, logFile: join(stack.dir, `catalog-${catalogs.length}.log`),
      isReady: async () => get('/readyz').then(({ ok }) => ok, () => false), readyWithinMs,
    });
    const started: CatalogProcess = {
      ...child,
      readyz: async () => {
        const response = await get('/readyz');
        return { status: response.status, checks: ((await response.json()) as { checks: Record<string, string> }).checks };
      },
      metric: async (name) => Number(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'm').exec(await (await get('/metrics')).text())?.[1]),
    };
    catalogs.push(started);
    return started;
  }

  const send: CatalogSystem['send'] = (imageId, command, context = {}) => bus.ask(commandSubject(stack.region, 'image'), {
    envelope: { imageId, command },
    context: { commandId: randomUUID(), requestId: `req-${randomUUID()}`, actor: { userId: 'ada', projectId: 'project', authMethod: 'password' }, ...context },
  }, { timeoutMs: 3000 });

  return {
    stack, bus, startCatalog, send, operatorEnv: env('operator'),
    async sendUntilAnswered(imageId, command) {
      const commandId = randomUUID();
      for (;;) {
        try {
          return await send(imageId, command, { commandId });
        } catch (error) {
          if (!['Unavailable', 'NotYetVisible'].includes((error as { code?: string }).code ?? '')) throw error;
          await pause(100);
        }
      }
    },
    async stop() {
      await Promise.all(catalogs.map((catalog) => catalog.stop()));
      await bus.close();
      await stack.stop();
    },
  };
}

/** Asks again and again until the answer is true. */
export async function eventually(what: string, isSo: () => Promise<boolean>, withinMs = 100_000): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!(await isSo().catch(() => false))) {
    if (performance.now() > deadline) throw new Error(`it did not come true within ${withinMs} ms that ${what}`);
    await pause(20);
  }
}
