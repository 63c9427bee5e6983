import { randomUUID } from 'node:crypto';
import { questionSubject, type HistoryAnswer } from '#libs/contracts';
import { openReadModel, type ReadModel } from '#libs/read-model';
import { anImage, rename, startCatalogSystem, type CatalogSystem } from './catalog-system.js';

describe('A catalog that dies at a named point', () => {
  let system: CatalogSystem;
  let readModel: ReadModel;

  beforeAll(async () => {
    system = await startCatalogSystem({ durable: true });
  });
  afterAll(async () => {
    await readModel?.close();
    await system?.stop();
  });

  it.each(['before-append', 'after-append', 'before-projection-commit', 'after-projection-commit', 'before-reply'])(
    'loses nothing that was acknowledged and does nothing twice: %s', async (point) => {
      // The second time is certain to come: no image is renamed before the read model has it.
      const doomed = await system.startCatalog({ HELIOGRAPH_CRASH_AT: `${point}:2` });
      readModel ??= await openReadModel({ url: system.stack.databaseUrl });
      const ids = Array.from({ length: 6 }, () => randomUUID());
      const answers = ids.map(async (imageId) => {
        await system.sendUntilAnswered(imageId, anImage('new'));
        return system.sendUntilAnswered(imageId, rename(point));
      });
      expect(await doomed.exited).toEqual({ code: null, signal: 'SIGKILL' });
      const follower = await system.startCatalog();
      for (const [index, { sequence }] of (await Promise.all(answers)).entries()) {
        const imageId = ids[index] ?? '';
        expect(await readModel.imageById(imageId, { atLeast: sequence })).toMatchObject({ version: 2, image: { name: point } });
        const { entries } = await system.bus.ask<HistoryAnswer>(questionSubject(system.stack.region, 'history'), { imageId, afterVersion: 0, limit: 10 });
        expect(entries.map(({ commandType }) => commandType)).toEqual(['CreateImage', 'ChangeImageProperties']);
      }
      expect(await follower.stop()).toEqual({ code: 0, signal: null });
    }, 120_000);
});
