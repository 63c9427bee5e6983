import { createHash, randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { imageDecider, Problem, type Image, type ImageCommand } from '#libs/domain';
import { createExecutor, memoryEventLog, memoryLeases } from '#libs/event-log';
import { memoryStore } from '#libs/stores';
import { transferData, type SentAs, type Transfer } from './transfer-data.js';

const imageId = '11111111-2222-4333-8444-555555555555';
const random = (): SentAs => ({ commandId: randomUUID() });
const bytes = Buffer.from('twelve bytes');
const hashOf = (algo: string): string => createHash(algo).update(bytes).digest('hex');
const creation: ImageCommand = {
  type: 'CreateImage', name: null, owner: 'p', isProtected: false, isHidden: false, containerFormat: 'bare', diskFormat: 'raw',
  minDisk: 0, minRam: 0, visibility: 'shared', tags: [], properties: {},
};

/** A queued image, a store, and a catalog of the real rules on a log in memory; `now` is held by the test. */
async function aQueuedImage(diskFormat = 'raw') {
  const held = { now: new Date('2026-01-01T00:00:00Z') };
  const clock = () => held.now;
  const store = memoryStore('fast', {});
  const leases = memoryLeases();
  const executor = createExecutor({ log: memoryEventLog(), region: 'RegionOne', service: 'catalog', decider: imageDecider({ properties: -1, tags: -1, members: -1 }), clock });
  const sent: ImageCommand[] = [];
  const send: Transfer['send'] = async (envelope, sentAs = random()) => {
    sent.push(envelope.command);
    const context = { commandId: sentAs.commandId, requestId: 'req', ...(sentAs.requestHash === undefined ? {} : { requestHash: sentAs.requestHash }), actor: { userId: 'u', authMethod: 'password' } };
    return (await executor.execute({ envelope: { imageId, ...envelope }, context })).image;
  };
  let image = await send({ command: { ...creation, diskFormat } as ImageCommand });
  const parts = {
    leases, clock, leaseMs: 30_000, idleMs: 60_000, osHashAlgo: 'sha512' as const, tellProgress: () => {}, askRoom: () => Promise.resolve({ grantedBytes: null }),
    formats: { vmdkAllowedTypes: ['streamOptimized'], requireFormatMatch: true, gptSafetyChecksNonfatal: [] },
    async removeData(_: string, { attempts }: Image) {
      for (const { attemptId, storeId, state } of attempts) if (state === 'over') await store.remove({ imageId, attemptId, storeId });
    },
  };
  const upload = (given: Partial<Transfer> = {}) => transferData(parts, {
    kind: 'ImageDataUpload', imageId, store, source: Readable.from([bytes]), limitBytes: 1000, authorizedFor: { owner: 'p', visibility: 'shared' }, completion: random(), send, ...given,
  });
  const now = async (): Promise<Image> => (image = await send({ command: { type: 'ChangeImageProperties', changes: [] } }));
  const storedBytes = async (): Promise<number[]> => Promise.all(image.attempts.map(({ attemptId }) => store.sizeOf({ imageId, attemptId, storeId: 'fast' }).catch(() => 0)));
  return { held, upload, now, send, sent, storedBytes };
}

const refusal = (code: string) => expect.objectContaining({ name: 'Problem', code }) as Error;

describe('Upload binary image data', () => {
  it('leaves an active image whose size and hashes are those of the bytes', async () => {
    const { upload, now, storedBytes } = await aQueuedImage();
    await upload();
    expect(await now()).toMatchObject({
      status: 'active', data: { sizeBytes: 12, checksum: hashOf('md5'), osHashAlgo: 'sha512', osHashValue: hashOf('sha512') },
    });
    expect(await storedBytes()).toEqual([12]);
  });

  it('returns the image to queued, without bytes, when the client hangs up', async () => {
    const { upload, now, storedBytes } = await aQueuedImage();
    const source = Readable.from((async function* () {
      await Promise.resolve();
      yield bytes;
      throw Object.assign(new Error('gone'), { code: 'ECONNRESET' });
    })());
    await expect(upload({ source })).rejects.toThrow(refusal('UploadInterrupted'));
    expect((await now()).status).toBe('queued');
    expect(await storedBytes()).toEqual([0]);
  });

  it('refuses bytes over the limit and keeps none of them', async () => {
    const { upload, now, storedBytes } = await aQueuedImage();
    await expect(upload({ limitBytes: 11 })).rejects.toThrow(refusal('ImageTooLarge'));
    expect((await now()).status).toBe('queued');
    expect(await storedBytes()).toEqual([0]);
  });

  it('activates nothing once its lease has run out, however whole the bytes are', async () => {
    const { upload, now, held, storedBytes } = await aQueuedImage();
    const source = Readable.from((async function* () {
      yield bytes;
      await Promise.resolve();
      held.now = new Date(held.now.getTime() + 31_000);
    })());
    await expect(upload({ source })).rejects.toThrow(refusal('AttemptOver'));
    expect((await now()).status).toBe('queued');
    expect(await storedBytes()).toEqual([0]);
  });

  it('tells the client when the image was deleted meanwhile, and keeps no bytes', async () => {
    const { upload, send, storedBytes } = await aQueuedImage();
    const source = Readable.from((async function* () {
      yield bytes;
      await send({ command: { type: 'DeleteImage' } });
    })());
    await expect(upload({ source })).rejects.toThrow(refusal('ImageGone'));
    expect(await storedBytes()).toEqual([]);
  });

  it('repeats a completion whose answer was lost, and finds it recorded', async () => {
    const { upload, now, send } = await aQueuedImage();
    let isLost = false;
    await upload({
      async send(envelope, sentAs) {
        const answer = await send(envelope, sentAs);
        if (envelope.command.type !== 'CompleteImageDataUpload' || isLost) return answer;
        isLost = true;
        throw new Problem('Unavailable', { what: 'The catalog', seconds: 2 });
      },
    });
    expect((await now()).status).toBe('active');
  });

  it('undoes nothing while nobody knows whether the completion was recorded', async () => {
    const { upload, now, send, sent, storedBytes } = await aQueuedImage();
    const lost: Transfer['send'] = async (envelope, sentAs) => {
      const answer = await send(envelope, sentAs);
      if (envelope.command.type === 'CompleteImageDataUpload') throw new Problem('Unavailable', { what: 'The catalog', seconds: 2 });
      return answer;
    };
    await expect(upload({ send: lost })).rejects.toThrow(refusal('Unavailable'));
    expect(sent.map(({ type }) => type)).not.toContain('FailImageDataUpload');
    expect((await now()).status).toBe('active');
    expect(await storedBytes()).toEqual([12]);
  });

  it('answers a repeated request with the same key from its own completion', async () => {
    const { upload, now } = await aQueuedImage();
    const completion: SentAs = { ...random(), requestHash: 'hash' };
    await upload({ completion });
    await upload({ completion });
    expect((await now()).status).toBe('active');
  });

  it('refuses an image that is active already to everybody else', async () => {
    const { upload } = await aQueuedImage();
    await upload();
    await expect(upload({ completion: { ...random(), requestHash: 'hash' } })).rejects.toThrow(refusal('ImageStatusConflict'));
  });
});

describe('Stage binary image data', () => {
  const staging = { kind: 'ImageStaging' } as const;

  it('leaves the bytes waiting for an import, with their size and hashes, under the attempt it was given', async () => {
    const { upload, now, storedBytes } = await aQueuedImage();
    const attemptId = randomUUID();
    await upload({ ...staging, attemptId });
    expect(await now()).toMatchObject({
      status: 'uploading', data: null, staged: { attemptId, sizeBytes: 12, checksum: hashOf('md5'), osHashAlgo: 'sha512', osHashValue: hashOf('sha512') },
    });
    expect(await storedBytes()).toEqual([12]);
  });

  it('returns the image to queued, without bytes, when too many come', async () => {
    const { upload, now, storedBytes } = await aQueuedImage();
    await expect(upload({ ...staging, limitBytes: 11 })).rejects.toThrow(refusal('ImageTooLarge'));
    expect(await now()).toMatchObject({ status: 'queued', staged: null });
    expect(await storedBytes()).toEqual([0]);
  });

  it('is answered from its own completion when it is repeated with its key, and refused to others', async () => {
    const { upload } = await aQueuedImage();
    const completion: SentAs = { ...random(), requestHash: 'hash' };
    await upload({ ...staging, completion });
    await upload({ ...staging, completion });
    await expect(upload(staging)).rejects.toThrow(refusal('ImageStatusConflict'));
  });
});

/** The first bytes of a qcow2 of 5 GiB, with or without a backing file. */
function qcow2(backingFileAt = 0): Buffer {
  const header = Buffer.alloc(4096);
  header.write('QFI\xfb', 'latin1');
  header.writeUInt32BE(3, 4);
  header.writeBigUInt64BE(BigInt(backingFileAt), 8);
  header.writeUInt32BE(16, 20);
  header.writeBigUInt64BE(5n << 30n, 24);
  header.writeUInt32BE(104, 100);
  return header;
}

describe('The format of uploaded data', () => {
  it('is recorded with it, and gives the image its virtual size', async () => {
    const { upload, now } = await aQueuedImage('qcow2');
    await upload({ source: Readable.from([qcow2()]), limitBytes: 10_000 });
    expect(await now()).toMatchObject({
      status: 'active', data: { sizeBytes: 4096, virtualSizeBytes: 5 * 1024 ** 3 },
      attempts: [{ state: 'stored', inspection: { format: 'qcow2', virtualSizeBytes: 5 * 1024 ** 3, findings: [] } }],
    });
  });

  it('must be the one that the image claims: else nothing is kept but what the data was', async () => {
    const { upload, now, sent, storedBytes } = await aQueuedImage('vmdk');
    await expect(upload({ source: Readable.from([qcow2()]), limitBytes: 10_000 })).rejects.toThrow(refusal('DataFormatMismatch'));
    expect(await now()).toMatchObject({ status: 'queued', data: null });
    expect(await storedBytes()).toEqual([0]);
    expect(sent.slice(2, 4)).toEqual([
      { type: 'RecordDataInspection', attemptId: expect.any(String) as string, inspection: { format: 'qcow2', virtualSizeBytes: 5 * 1024 ** 3, findings: [] } },
      { type: 'FailImageDataUpload', attemptId: expect.any(String) as string, reason: 'refused' },
    ]);
  });

  it('must be safe, whatever the image claims', async () => {
    const { upload, now, sent } = await aQueuedImage('raw');
    await expect(upload({ source: Readable.from([qcow2(512)]), limitBytes: 10_000 })).rejects.toThrow(refusal('DataUnsafe'));
    expect((await now()).status).toBe('queued');
    expect(sent[2]).toMatchObject({ type: 'RecordDataInspection', inspection: { format: 'qcow2', findings: [{ rule: 'qcow2.backing_file' }] } });
  });

  it('is recorded of staged data too, which is refused only when it is imported', async () => {
    const { upload, now } = await aQueuedImage('vmdk');
    await upload({ kind: 'ImageStaging', source: Readable.from([qcow2(512)]), limitBytes: 10_000 });
    expect(await now()).toMatchObject({ status: 'uploading', attempts: [{ state: 'staged', inspection: { format: 'qcow2', findings: [{ rule: 'qcow2.backing_file' }] } }] });
  });
});
