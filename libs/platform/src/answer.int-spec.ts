import { Socket } from 'node:net';
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { MessagePattern, type MicroserviceOptions } from '@nestjs/microservices';
import { Problem } from '#libs/domain';
import { startTestStack, type TestStack } from '#libs/embedded';
import { CommandServer, ThrownAsIs } from './answer.js';
import { createBus, createLogger, currentRequestId, requestContext, type Bus } from './index.js';

@Controller()
class KitchenController {
  release: () => void = () => undefined;
  lost = 0;

  @MessagePattern<string>('do.image')
  async command(message: { wish: string }): Promise<unknown> {
    if (message.wish === 'refusal') throw new Problem('ImageNotFound', { imageId: 'x' });
    if (message.wish === 'fault') throw new TypeError('a secret detail of the inside');
    if (message.wish === 'lost once' && this.lost++ === 0) await new Promise(() => undefined);
    if (message.wish === 'wait') await new Promise<void>((resolve) => { this.release = resolve; });
    return { heard: message.wish, requestId: currentRequestId() };
  }
}

@Module({ controllers: [KitchenController] })
class KitchenModule {}

describe('questions and answers over NATS', () => {
  let stack: TestStack;
  let gateway: Bus;
  let catalog: Bus;
  const lines: string[] = [];
  const logger = createLogger({ service: 'catalog', region: 'RegionTest', level: 'info' }, { write: (line) => void lines.push(line) });
  const busOf = (user: 'gateway' | 'catalog') =>
    createBus({ servers: [stack.nats.url], user, password: stack.passwords[user], region: stack.region, logger });

  async function startServer() {
    const app = await NestFactory.createMicroservice<MicroserviceOptions>(KitchenModule, { strategy: new CommandServer(catalog, 'catalog', logger), logger: false });
    app.useGlobalFilters(new ThrownAsIs());
    await app.listen();
    return app;
  }

  let app: Awaited<ReturnType<typeof startServer>>;
  beforeAll(async () => {
    stack = await startTestStack({ withPostgres: false });
    [gateway, catalog] = await Promise.all([busOf('gateway'), busOf('catalog')]);
    app = await startServer();
  });
  afterAll(async () => {
    await app.close();
    await Promise.all([gateway.close(), catalog.close()]);
    await stack.stop();
  });

  it('carries the request id of who asks to who answers', async () => {
    const answer = await requestContext.run({ requestId: 'req-7' }, () => gateway.ask('do.RegionTest.image', { wish: 'tea' }));
    expect(answer).toEqual({ heard: 'tea', requestId: 'req-7' });
  });

  it('sends what is asked in one turn of the event loop in one write', async () => {
    const { write } = Socket.prototype;
    const questions: number[] = [];
    Socket.prototype.write = function (this: Socket, ...written: Parameters<Socket['write']>) {
      const asked = Buffer.from(written[0]).toString().split('HPUB do.RegionTest.image').length - 1;
      if (asked > 0) questions.push(asked);
      return write.apply(this, written);
    } as Socket['write'];
    try {
      await Promise.all(Array.from({ length: 5 }, () => new Promise((resolve) => { setImmediate(() => { resolve(gateway.ask('do.RegionTest.image', { wish: 'tea' })); }); })));
    } finally {
      Socket.prototype.write = write;
    }
    expect(questions).toEqual([5]);
  });

  it('brings a refusal back as the Problem it was', async () => {
    await expect(gateway.ask('do.RegionTest.image', { wish: 'refusal' })).rejects.toMatchObject({ name: 'Problem', code: 'ImageNotFound', params: { imageId: 'x' } });
  });

  it('answers a fault as Unavailable, logs it once with its stack, and tells nothing of the inside', async () => {
    lines.length = 0;
    const refusal = await gateway.ask('do.RegionTest.image', { wish: 'fault' }).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code: 'Unavailable' });
    expect(String(refusal)).not.toContain('secret detail');
    const logged = lines.filter((line) => line.includes('a secret detail of the inside'));
    expect(logged).toHaveLength(1);
    expect(logged[0]).toContain('stack');
  });

  it('says Unavailable where nobody answers in time', async () => {
    const pending = gateway.ask('do.RegionTest.image', { wish: 'wait' }, { timeoutMs: 100 });
    await expect(pending).rejects.toMatchObject({ code: 'Unavailable', params: { what: 'The catalog' } });
    app.get(KitchenController).release();
  });

  it('asks again where who took the question died with it', async () => {
    expect(await gateway.ask('do.RegionTest.image', { wish: 'lost once' })).toMatchObject({ heard: 'lost once' });
  });

  it('waits a moment for a service that restarts', async () => {
    await app.close();
    const pending = gateway.ask('do.RegionTest.image', { wish: 'patience' });
    await new Promise((wake) => setTimeout(wake, 200));
    app = await startServer();
    expect(await pending).toMatchObject({ heard: 'patience' });
  });

  it('finishes what is in flight when it closes, and hears nothing new', async () => {
    const pending = gateway.ask('do.RegionTest.image', { wish: 'wait' });
    await new Promise((wake) => setTimeout(wake, 100));
    const closed = app.close();
    await new Promise((wake) => setTimeout(wake, 100));
    app.get(KitchenController).release();
    expect(await pending).toMatchObject({ heard: 'wait' });
    await closed;
    await expect(gateway.ask('do.RegionTest.image', { wish: 'late' }, { timeoutMs: 200 })).rejects.toMatchObject({ code: 'Unavailable' });
    app = await startServer();
  });

  it('lives on when the NATS server was killed and came back', async () => {
    await stack.nats.kill();
    stack.nats = await stack.nats.restart();
    expect(await gateway.ask('do.RegionTest.image', { wish: 'again' }, { timeoutMs: 10_000 })).toMatchObject({ heard: 'again' });
  });
});
