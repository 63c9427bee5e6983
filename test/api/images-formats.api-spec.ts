import { badImages, goodImages, type Sample } from '../../libs/inspection/test/corpus.js';
import { mbrImage } from '../../libs/inspection/test/disk-images.js';
import { qcow2Image, qedImage } from '../../libs/inspection/test/qcow-images.js';
import { startApi, type Api, type Person } from './harness.js';
import { importsAt } from './imports.js';

let api: Api;
let demo: Person;
let imports: ReturnType<typeof importsAt>;
beforeAll(async () => {
  api = await startApi({ 'heliograph.removal_interval': '1', 'image_format.disk_formats': 'raw,qcow2,vmdk,vhd,vhdx,vdi,iso,ploop,ami,qed' });
  demo = api.as('demo');
  imports = importsAt(api);
});
afterAll(() => api.stop());

const gib = 1 << 30;
const formats = ['qcow2', 'vmdk', 'vhd', 'vhdx', 'vdi', 'iso', 'ploop'];
/** The lib's own specs try all of them; here it matters that each kind of answer reaches the client. */
const oneEach = (samples: readonly Sample[], kindOf: (sample: Sample) => unknown): [string, Sample][] =>
  [...new Map(samples.map((sample) => [kindOf(sample), sample])).values()].map((sample) => [sample.name, sample]);
const anImage = (diskFormat: string, containerFormat = 'bare') => demo.image({ disk_format: diskFormat, container_format: containerFormat });
const shown = async (id: string) => (await demo.get(`/v2/images/${id}`)).json();
const refusals = async (id: string) => (await demo.get(`/v2/images/${id}/history`)).json<{ history: { action: string; inspection?: unknown }[] }>().history.slice(2, 4).map(({ action, inspection }) => [action, inspection ?? null]);
const stage = (id: string, bytes: Uint8Array) => demo.put(`/v2/images/${id}/stage`, { body: bytes, headers: { 'content-type': 'application/octet-stream' } });
const importStaged = (id: string) => demo.post(`/v2/images/${id}/import`, { body: { method: { name: 'glance-direct' } } });

describe('Upload binary image data: the format of the data', () => {
  it.each(oneEach(goodImages().filter(({ format }) => formats.includes(format ?? '')), ({ format }) => format))(
    'is the one of the image: %s is taken, and its virtual size is told', async (_, { bytes, format, virtualSizeBytes }) => {
      const id = await anImage(format ?? '');
      expect((await demo.upload(id, bytes)).status).toBe(204);
      expect(await shown(id)).toMatchObject({ status: 'active', size: bytes.byteLength, virtual_size: virtualSizeBytes });
    });

  it('makes raw data as large as it is, whatever it holds', async () => {
    const [plain, rich] = [await anImage('raw'), await anImage('raw')];
    expect([(await demo.upload(plain, 'twelve bytes')).status, (await demo.upload(rich, qcow2Image())).status]).toEqual([204, 204]);
    expect([(await shown(plain))['virtual_size'], (await shown(rich))['virtual_size']]).toEqual([12, qcow2Image().byteLength]);
  });

  it('is told to none who upload nothing', async () => {
    const id = await anImage('raw');
    await demo.upload(id, '');
    expect(await shown(id)).toMatchObject({ status: 'active', size: 0, virtual_size: null });
  });

  it('is refused with 415 where it is another one; the image is queued again and may have the right data', async () => {
    const id = await anImage('vmdk');
    const refused = await demo.upload(id, qcow2Image());
    expect([refused.status, refused.text]).toEqual([415, expect.stringContaining('its disk_format is vmdk, but its data is qcow2')]);
    expect(await shown(id)).toMatchObject({ status: 'queued', size: null, virtual_size: null });
    expect(await refusals(id)).toEqual([['RecordDataInspection', { format: 'qcow2', virtual_size: gib, findings: [] }], ['FailImageDataUpload', null]]);
    expect(await imports.filesOf(id)).toEqual([]);
    await demo.patch(`/v2/images/${id}`, { body: [{ op: 'replace', path: '/disk_format', value: 'qcow2' }] });
    expect((await demo.upload(id, qcow2Image())).status).toBe(204);
  });

  it.each(oneEach(badImages(), ({ rules = [] }) => rules[0]))('is refused with 415 where it is not safe: %s', async (_, { bytes, rules = [] }) => {
    const id = await anImage('raw');
    const refused = await demo.upload(id, bytes);
    expect([refused.status, refused.text]).toEqual([415, expect.stringContaining(rules[0] === 'any.ambiguous' ? 'several formats at once' : rules[0] ?? '')]);
    expect(await shown(id)).toMatchObject({ status: 'queued' });
  });

  it('is not asked for in a container, nor of what nobody can recognise', async () => {
    for (const [diskFormat, container, bytes] of [['vmdk', 'ova', qcow2Image({ incompatible: 4n })], ['ami', 'bare', Buffer.from('twelve bytes')]] as const) {
      const id = await anImage(diskFormat, container);
      expect((await demo.upload(id, bytes)).status).toBe(204);
      expect(await shown(id)).toMatchObject({ status: 'active', virtual_size: null });
    }
  });

  it('may be qed where the operator allows that format', async () => {
    const id = await anImage('qed');
    expect((await demo.upload(id, qedImage())).status).toBe(204);
    expect(await shown(id)).toMatchObject({ virtual_size: gib });
  });
});

describe('Import an image: the format of the data', () => {
  it('gives the image its virtual size', async () => {
    const id = await anImage('qcow2');
    expect((await stage(id, qcow2Image())).status).toBe(204);
    expect((await importStaged(id)).status).toBe(202);
    expect(await imports.ended(id)).toMatchObject({ status: 'success' });
    expect(await shown(id)).toMatchObject({ status: 'active', virtual_size: gib });
  });

  it('fails the import where it is another one or not safe, and says why', async () => {
    for (const [bytes, why] of [[mbrImage(), 'its disk_format is qcow2, but its data is mbr'], [qcow2Image({ backingAt: 512, backingBytes: 11 }), 'qcow2.backing_file']] as const) {
      const id = await anImage('qcow2');
      expect((await stage(id, bytes)).status).toBe(204);
      expect((await importStaged(id)).status).toBe(202);
      expect(await imports.ended(id)).toMatchObject({ status: 'failure', message: expect.stringContaining(why) as string });
      expect(await shown(id)).toMatchObject({ status: 'queued', virtual_size: null });
      expect(await imports.filesOf(id)).toEqual([]);
    }
  });
});
