import { imageDecider, stagingStoreId, type ImageCommand } from '#libs/domain';
import { createExecutor, loadImage, memoryEventLog, memoryLeases } from '#libs/event-log';
import { createLogGuard } from '../log-guard.js';
import { unknownRoom } from '../log-room.js';
import { carryOut, type CarryOutOptions } from './carry-out.js';
import { readModelReached } from '#libs/platform';

const region = 'RegionOne';
const imageId = '11111111-2222-4333-8444-555555555555';
const attemptId = '99999999-2222-4333-8444-555555555555';
const create: ImageCommand = {
  type: 'CreateImage', visibility: 'private', tags: [], properties: {}, name: 'one', owner: 'p', isProtected: false, isHidden: false,
  containerFormat: 'bare', diskFormat: 'raw', minDisk: 0, minRam: 0,
};
const start: ImageCommand = { type: 'StartImageDataUpload', attemptId, storeId: 'fast' };
const complete: ImageCommand = { type: 'CompleteImageDataUpload', attemptId, sizeBytes: 1, checksum: 'c', osHashAlgo: 'sha512', osHashValue: 'h' };

/** A catalog without servers, at a held clock, whose read model is never behind unless told. */
function aCatalog({ compare = () => Promise.resolve('trusted') as Promise<'trusted' | { lost: string }>, isProjecting = true, isGrace = false } = {}) {
  let second = 0;
  const clock = () => new Date(second * 1000);
  const log = memoryEventLog();
  const leases = memoryLeases();
  const reached = readModelReached();
  const executor = createExecutor({ log, region, service: 'catalog', decider: imageDecider({ properties: 2, tags: 2, members: 2 }), clock });
  const options: CarryOutOptions = {
    guard: createLogGuard({ compare, onChange: () => undefined, onUnreadable: () => undefined }),
    room: unknownRoom, leases, reached, clock, retentionSeconds: 0, leaseSeconds: 30, visibleWithinMs: 20, isLeaseGrace: () => isGrace,
    execute: async (message) => {
      const answer = await executor.execute(message);
      if (isProjecting) reached.advance(answer.sequence);
      return answer;
    },
    wasCarriedOut: async (id, commandId) => (await loadImage(log, region, id)).commands.has(commandId),
  };
  const send = (command: ImageCommand, commandId: string = command.type) =>
    carryOut({ envelope: { imageId, command }, context: { commandId, requestId: 'req-1', actor: { userId: 'u', authMethod: 'password' } } }, options);
  return { send, log, leases, at: (to: number) => { second = to; } };
}

describe('Carrying out a command', () => {
  it('answers with the sequence, the version and the image after it', async () => {
    const { send } = aCatalog();
    expect(await send(create)).toMatchObject({ sequence: 1, version: 1, image: { name: 'one', status: 'queued' } });
  });

  it('answers a repeated command as the first time, with one commit in the log', async () => {
    const { send, log } = aCatalog();
    expect(await send(create)).toEqual(await send(create));
    expect((await log.extent()).lastSequence).toBe(1);
  });

  it('says that a change is recorded when it cannot be read back in time; the repetition finds it', async () => {
    const { send, log } = aCatalog({ isProjecting: false });
    await expect(send(create)).rejects.toMatchObject({ code: 'NotYetVisible' });
    await expect(send(create)).rejects.toMatchObject({ code: 'NotYetVisible' });
    expect((await log.extent()).lastSequence).toBe(1);
  });

  it('appends nothing to a log that lost its tail', async () => {
    const { send, log } = aCatalog({ compare: () => Promise.resolve({ lost: 'the tail' }) });
    await expect(send(create)).rejects.toMatchObject({ code: 'LogNotTrusted' });
    expect((await log.extent()).lastSequence).toBe(0);
  });

  it('gives an upload its first lease before the log knows of it', async () => {
    const { send, leases } = aCatalog();
    await expect(send(start)).rejects.toMatchObject({ code: 'ImageNotFound' });
    expect(await leases.heldUntil(attemptId)).toEqual(new Date(30_000));
  });

  it('completes an upload while its lease is held', async () => {
    const { send, at } = aCatalog();
    await send(create);
    await send(start);
    at(29);
    expect(await send(complete)).toMatchObject({ image: { status: 'active', data: { sizeBytes: 1 } } });
  });

  it('refuses to complete an upload whose lease ran out, and the image stays saving until it is swept', async () => {
    const { send, at, log } = aCatalog();
    await send(create);
    await send(start);
    at(30);
    await expect(send(complete)).rejects.toMatchObject({ code: 'AttemptOver' });
    expect((await loadImage(log, region, imageId)).state).toMatchObject({ status: 'saving' });
  });

  it('answers a repeated completion also when the lease is long gone', async () => {
    const { send, at } = aCatalog();
    await send(create);
    await send(start);
    const first = await send(complete);
    at(300);
    expect(await send(complete)).toEqual(first);
  });

  it('holds a transfer to the staging area to its lease as well', async () => {
    const staged: ImageCommand = { ...complete, type: 'CompleteImageStaging' };
    const { send, at, log } = aCatalog();
    await send(create);
    await send({ ...start, type: 'StartImageStaging', storeId: stagingStoreId });
    at(30);
    await expect(send(staged)).rejects.toMatchObject({ code: 'AttemptOver' });
    expect((await loadImage(log, region, imageId)).state).toMatchObject({ status: 'uploading', staged: null });
    at(29);
    expect(await send(staged)).toMatchObject({ image: { status: 'uploading', staged: { sizeBytes: 1 } } });
  });

  it('does not take a lease for missing that was lost with its server, but does take one that ran out', async () => {
    const { send, leases, at } = aCatalog({ isGrace: true });
    await send(create);
    await send(start);
    at(31);
    await expect(send(complete)).rejects.toMatchObject({ code: 'AttemptOver' });
    await leases.release(attemptId);
    expect(await send(complete)).toMatchObject({ image: { status: 'active' } });
  });
});
