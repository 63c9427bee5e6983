import { randomUUID } from 'node:crypto';
import { questionSubject, type HistoryAnswer, type RemovalsAnswer } from '#libs/contracts';
import type { ImageCommand } from '#libs/domain';
import { openReadModel, type ReadModel } from '#libs/read-model';
import { anImage, eventually, rename, startCatalogSystem, type CatalogProcess, type CatalogSystem } from './catalog-system.js';

const quickSweep = { HELIOGRAPH_HELIOGRAPH__LEASE_SECONDS: '2', HELIOGRAPH_HELIOGRAPH__SWEEP_INTERVAL: '1' };

/** So many that not all of them are answered before a server is dead. */
const manyAtOnce = 1500;

describe('Catalog processes on one log and one read model', () => {
  let system: CatalogSystem;
  let readModel: ReadModel;
  let first: CatalogProcess;

  beforeAll(async () => {
    system = await startCatalogSystem({ durable: true });
    first = await system.startCatalog(quickSweep);
    readModel = await openReadModel({ url: system.stack.databaseUrl });
  });
  afterAll(async () => {
    await readModel?.close();
    await system?.stop();
  });

  it('answer a command when its image can be read, at the sequence they name', async () => {
    const imageId = randomUUID();
    const { sequence, image } = await system.send(imageId, anImage('one'));
    expect(image).toMatchObject({ name: 'one', status: 'queued' });
    expect((await readModel.imageById(imageId, { atLeast: sequence }))?.image.name).toBe('one');
  });

  it('refuse what is no command, and say which field is wrong', async () => {
    await expect(system.send('*', anImage('x'))).rejects.toMatchObject({ code: 'InvalidRequest' });
  });

  it('tell the history of an image, also after its deletion', async () => {
    const imageId = randomUUID();
    await system.send(imageId, anImage('one'), { personal: { userName: 'Ada', sourceAddress: '192.0.2.1' } });
    await system.send(imageId, rename('two'));
    await system.send(imageId, { type: 'DeleteImage' });
    const history = await system.bus.ask<HistoryAnswer>(questionSubject(system.stack.region, 'history'), { imageId, afterVersion: 0, limit: 10 });
    expect(history.entries.map(({ commandType }) => commandType)).toEqual(['CreateImage', 'ChangeImageProperties', 'DeleteImage']);
    expect(history.entries[0]?.personal).toEqual({ userName: 'Ada', sourceAddress: '192.0.2.1' });
    expect(history.entries[1]?.changes).toEqual([{ name: 'name', from: 'one', to: 'two' }]);
    expect(await readModel.imageById(imageId)).toBeUndefined();
  });

  it('have one projector among them; when it is killed another takes over and every acknowledged change can be read', async () => {
    const second = await system.startCatalog(quickSweep);
    const leads = async () => Promise.all([first, second].map((catalog) => catalog.metric('heliograph_projector_active')));
    expect(await leads()).toEqual([1, 0]);
    const sending = Array.from({ length: 60 }, async (_, index) => {
      const imageId = randomUUID();
      await system.sendUntilAnswered(imageId, anImage(`image ${index}`));
      if (index === 20) await first.kill();
      return system.sendUntilAnswered(imageId, rename(`renamed ${index}`)).then(({ sequence }) => ({ imageId, sequence, index }));
    });
    for (const { imageId, sequence, index } of await Promise.all(sending)) {
      expect((await readModel.imageById(imageId, { atLeast: sequence }))?.image.name).toBe(`renamed ${index}`);
    }
    await eventually('the second projects', async () => await second.metric('heliograph_projector_active') === 1);
    first = second;
  });

  it('lose nothing when PostgreSQL is killed while it is written to, and go on when it is back', async () => {
    const ids = Array.from({ length: manyAtOnce }, () => randomUUID());
    let answered = 0;
    const acknowledged = Promise.all(ids.map((imageId) => system.sendUntilAnswered(imageId, anImage(imageId)).finally(() => { answered += 1; })));
    await eventually('some are answered', async () => answered > 0);
    await system.stack.postgres.kill();
    expect(answered).toBeLessThan(ids.length);
    system.stack.postgres = await system.stack.postgres.restart();
    const answers = await acknowledged;
    for (const [index, imageId] of ids.entries()) {
      expect(await readModel.imageById(imageId, { atLeast: answers[index]?.sequence ?? 0 })).toMatchObject({ image: { name: imageId }, version: 1 });
    }
  });

  it('lose nothing when NATS is killed while commands come in, and go on when it is back', async () => {
    const ids = Array.from({ length: manyAtOnce }, () => randomUUID());
    let answered = 0;
    const acknowledged = Promise.all(ids.map((imageId) => system.sendUntilAnswered(imageId, anImage(imageId)).finally(() => { answered += 1; })));
    await eventually('some are answered', async () => answered > 0);
    await system.stack.nats.kill();
    expect(answered).toBeLessThan(ids.length);
    system.stack.nats = await system.stack.nats.restart();
    const answers = await acknowledged;
    for (const [index, imageId] of ids.entries()) {
      expect(await readModel.imageById(imageId, { atLeast: answers[index]?.sequence ?? 0 })).toMatchObject({ image: { name: imageId }, version: 1 });
    }
  });

  it('return an image to queued when whoever uploaded to it died, and then name its bytes as removable', async () => {
    const [imageId, attemptId] = [randomUUID(), randomUUID()];
    await system.sendUntilAnswered(imageId, anImage('upload'));
    const { image } = await system.sendUntilAnswered(imageId, { type: 'StartImageDataUpload', attemptId, storeId: 'fast' });
    expect(image.status).toBe('saving');
    await eventually('the image is queued again', async () => (await readModel.imageById(imageId))?.image.status === 'queued');
    const complete: ImageCommand = { type: 'CompleteImageDataUpload', attemptId, sizeBytes: 1, checksum: 'c', osHashAlgo: 'sha512', osHashValue: 'h' };
    await expect(system.send(imageId, complete)).rejects.toMatchObject({ code: 'AttemptOver' });
    const answer = () => system.bus.ask<RemovalsAnswer>(questionSubject(system.stack.region, 'removals'), { limit: 100 });
    expect((await answer()).removals).toContainEqual({ imageId, attemptId, storeId: 'fast' });
    await system.send(imageId, { type: 'RecordImageDataRemoved', attemptId });
    expect((await answer()).removals).toEqual([]);
  });
});
