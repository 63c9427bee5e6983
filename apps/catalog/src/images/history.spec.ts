import { imageSubject, type CommandContext } from '#libs/contracts';
import { imageDecider, type ImageCommand } from '#libs/domain';
import { createExecutor, createSealer, memoryEventLog, memoryPersonKeys } from '#libs/event-log';
import { historyOf } from './history.js';

const region = 'RegionOne';
const imageId = '11111111-2222-4333-8444-555555555555';
const create: ImageCommand = {
  type: 'CreateImage', visibility: 'private', tags: [], properties: {}, name: 'one', owner: 'p', isProtected: false, isHidden: false,
  containerFormat: null, diskFormat: null, minDisk: 0, minRam: 0,
};
const rename = (name: string): ImageCommand => ({ type: 'ChangeImageProperties', changes: [{ of: 'attribute', name: 'name', value: name }] });

async function anImageThat(...commands: ImageCommand[]) {
  const log = memoryEventLog();
  const keys = memoryPersonKeys();
  const sealer = createSealer(keys);
  const { execute } = createExecutor({
    log, region, service: 'catalog', decider: imageDecider({ properties: -1, tags: -1, members: -1 }), clock: () => new Date('2026-01-02T03:04:05.006Z'), sealer,
  });
  for (const [index, command] of commands.entries()) {
    const context: CommandContext = {
      commandId: `c${index}`, requestId: `req-${index}`, actor: { userId: 'u', projectId: 'p', authMethod: 'password' },
      personal: { userName: 'ada', sourceAddress: '192.0.2.7' },
    };
    await execute({ envelope: { imageId, command }, context });
  }
  return { keys, log, ask: (afterVersion = 0, limit = 100) => historyOf({ imageId, afterVersion, limit }, { log, region, sealer }) };
}

describe('GET /v2/images/{image_id}/history, as the log tells it', () => {
  it('tells who, when, from where, the request, and what changed', async () => {
    const { ask } = await anImageThat(create, rename('two'));
    expect(await ask(1)).toMatchObject({
      owner: 'p', status: 'queued', hasMore: false,
      entries: [{
        version: 2, at: '2026-01-02T03:04:05.006Z', requestId: 'req-1', commandType: 'ChangeImageProperties',
        actor: { userId: 'u', projectId: 'p', authMethod: 'password' }, personal: { userName: 'ada', sourceAddress: '192.0.2.7' },
        changes: [{ name: 'name', from: 'one', to: 'two' }],
      }],
    });
  });

  it('goes page by page, without a gap or a repetition', async () => {
    const { ask } = await anImageThat(create, rename('two'), rename('three'));
    const first = await ask(0, 2);
    expect(first.entries.map(({ version }) => version)).toEqual([1, 2]);
    expect(first.hasMore).toBe(true);
    const second = await ask(2, 2);
    expect(second.entries.map(({ version }) => version)).toEqual([3]);
    expect(second.hasMore).toBe(false);
  });

  it('tells the history of a deleted image, with its last owner', async () => {
    const { ask } = await anImageThat(create, { type: 'DeleteImage' });
    const answer = await ask();
    expect(answer).toMatchObject({ owner: 'p', status: 'deleted' });
    expect(answer.entries.at(-1)?.changes).toEqual([{ name: 'status', from: 'queued', to: 'deleted' }]);
  });

  it('knows no name and no address once the person\'s key is gone', async () => {
    const { ask, keys } = await anImageThat(create);
    await keys.throwAway('u');
    const { entries } = await ask();
    expect(entries[0]?.personal).toBeUndefined();
    expect(entries[0]?.isErased).toBe(true);
    expect(entries[0]?.actor.userId).toBe('u');
  });

  it('keeps an answer under a megabyte, however large the changes were, and says that there is more', async () => {
    const large = (letter: string): ImageCommand => ({
      type: 'ChangeImageProperties', changes: [1, 2, 3, 4, 5, 6].map((n) => ({ of: 'property', op: 'add', name: `p${n}`, value: letter.repeat(50_000) })),
    });
    const { ask } = await anImageThat(create, large('a'), large('b'), large('c'), large('d'), rename('two'));
    const answer = await ask();
    expect(JSON.stringify(answer).length).toBeLessThan(1_000_000);
    const seen = [...answer.entries];
    let { hasMore } = answer;
    while (hasMore) {
      const next = await ask(seen.at(-1)?.version ?? 0);
      seen.push(...next.entries);
      ({ hasMore } = next);
    }
    expect(seen.map(({ version }) => version)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(seen[2]?.changes[0]?.to).toMatch(/^b{200}… \(50000 characters\)$/);
  });

  it('does not tell a history that was tampered with as if it were true', async () => {
    const { log } = await anImageThat(create, rename('two'));
    const [first, second] = await log.read(imageSubject(region, imageId));
    const forged = { ...first!, bytes: Buffer.from(Buffer.from(first!.bytes).toString().replace('"one"', '"eno"')) };
    const tampered = memoryEventLog({ messages: [forged, second!] });
    await expect(historyOf({ imageId, afterVersion: 0, limit: 10 }, { log: tampered, region, sealer: createSealer(memoryPersonKeys()) }))
      .rejects.toThrow('does not close at version 2');
  });

  it('refuses an image that never was, and a question without bounds', async () => {
    const { ask, log } = await anImageThat();
    await expect(ask()).rejects.toMatchObject({ code: 'ImageNotFound' });
    const options = { log, region, sealer: createSealer(memoryPersonKeys()) };
    await expect(historyOf({ imageId: '*', afterVersion: 0, limit: 1 }, options)).rejects.toMatchObject({ code: 'InvalidRequest' });
    await expect(historyOf({ imageId, afterVersion: 0 }, options)).rejects.toMatchObject({ code: 'InvalidRequest' });
  });
});
