import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { Progress } from '#libs/contracts';
import { imageDecider, type DataInspection, type Image, type ImageEvent } from '#libs/domain';
import { noTracing } from '#libs/platform';
import { openStores } from '#libs/stores';
import { anImage, specification } from '#libs/testing';
import { bringToStore } from './bring-to-store.js';
import type { ImportParts } from './import-parts.js';
import { openWorkRoom } from './plugins/work-room.js';
import type { Source } from './sources.js';

const importId = '99999999-2222-4333-8444-555555555555';
const requested: ImageEvent = { type: 'ImageImportRequested', data: { importId, method: 'web-download', storeIds: ['fast'], allStoresMustSucceed: true } };
const never = (): never => { throw new Error('nobody asks for this here'); };

async function bring(source: Partial<Source> & Pick<Source, 'bytes'>) {
  const told: Progress[] = [];
  const recorded: DataInspection[] = [];
  const stores = await openStores({ enabled: [{ id: 'fast', kind: 'memory' }], defaultId: 'fast' });
  const image = specification(imageDecider({ properties: -1, tags: -1, members: -1 }))(...anImage(), requested).state() as Image;
  const parts: ImportParts = {
    stores, osHashAlgo: 'sha512', limitBytes: () => 10_000, formats: { vmdkAllowedTypes: [], requireFormatMatch: true, gptSafetyChecksNonfatal: [] }, idleMs: 60_000, watchMs: 2000, tracing: noTracing, plugins: [], conversionTo: () => (prepared) => Promise.resolve(prepared), copyOut: () => Promise.reject(new Error('nothing goes to other regions here')), exportTarget: () => { throw new Error('nothing is exported here'); }, work: openWorkRoom('/nonexistent'), parallelStores: 1, clock: () => new Date(),
    tellProgress: (_, progress) => { told.push(progress); }, openSource: async () => ({ close: async () => {}, ...source }),
    askRoom: () => Promise.resolve({ grantedBytes: null }), imageFromLeader: never, send: never, onFault: never,
  };
  const imageId = randomUUID();
  const key = { imageId, attemptId: randomUUID(), storeId: 'fast' };
  const brought = bringToStore({ imageId, image, importing: image.importing ?? never() }, key, parts, {
    signal: new AbortController().signal, recordHops: never, describe: never, recordInspection: async (inspection) => { recorded.push(inspection); }, recordVerification: never,
  });
  return { brought, told, recorded, stores, key };
}

async function* slowBytes(end: () => void = () => {}): AsyncGenerator<Uint8Array> {
  yield Buffer.from('twelve');
  await pause(900);
  end();
  yield Buffer.from(' bytes');
}

describe('What an import brings to a store', () => {
  it('is told as it moves, as a part of its import, and how it ended', async () => {
    const { brought, told } = await bring({ bytes: slowBytes(), declaredSizeBytes: 12, hasOwnLimits: true });
    expect((await brought).facts.sizeBytes).toBe(12);
    expect(told[0]).toMatchObject({ state: 'running', step: 'receiving', bytes: 6, action: 'import', importId, storeId: 'fast', totalBytes: 12 });
    expect(told.at(-1)).toMatchObject({ state: 'succeeded', step: 'storing', bytes: 12 });
  });

  it('is told to have failed where its source breaks', async () => {
    const { brought, told } = await bring({ bytes: slowBytes(() => { throw new Error('gone'); }) });
    await expect(brought).rejects.toThrow('gone');
    expect([told[0]?.state, told.at(-1)?.state, told[0]?.totalBytes]).toEqual(['running', 'failed', undefined]);
  });

  it('is looked at on its way, and gives the image its virtual size', async () => {
    const { brought } = await bring({ bytes: pieces('twelve bytes') });
    expect(await brought).toMatchObject({ facts: { virtualSizeBytes: 12 }, inspection: { format: 'raw', virtualSizeBytes: 12, findings: [] } });
  });

  it('is refused for what it is, written down, and not kept', async () => {
    const { brought, recorded, stores, key } = await bring({ bytes: pieces('# Disk DescriptorFile\ncreateType="monolithicFlat"\nRW 1 FLAT "/etc/passwd" 0\n') });
    await expect(brought).rejects.toMatchObject({ code: 'DataUnsafe', params: { rule: 'vmdk.create_type', detail: 'monolithicFlat' } });
    expect(recorded).toMatchObject([{ format: 'vmdk', findings: [{ rule: 'vmdk.create_type' }, { rule: 'vmdk.extent' }] }]);
    await expect(stores.default.sizeOf(key)).rejects.toMatchObject({ code: 'ImageDataNotFound' });
  });
});

async function* pieces(...texts: string[]): AsyncGenerator<Uint8Array> {
  await Promise.resolve();
  for (const text of texts) yield Buffer.from(text);
}
