import { setTimeout as pause } from 'node:timers/promises';
import { aSigner, keyManagerLookAlike, type KeyManagerLookAlike } from '#libs/testing';
import { startApi, type Api, type Person } from './harness.js';
import { importsAt } from './imports.js';

let api: Api;
let demo: Person;
let keys: KeyManagerLookAlike;
beforeAll(async () => {
  keys = await keyManagerLookAlike();
  api = await startApi({ 'barbican.barbican_endpoint': keys.url });
  demo = api.as('demo');
});
afterAll(async () => {
  await api.stop();
  await keys.stop();
});

const data = 'twelve bytes';
const signer = aSigner({ kind: 'ec' });
const formats = { disk_format: 'raw', container_format: 'bare' };
const signed = (more: Readonly<Record<string, string>> = {}) => ({
  img_signature: signer.signatureOf(Buffer.from(data), 'sha256'), img_signature_hash_method: 'SHA-256', img_signature_key_type: 'ECC_SECP384R1',
  img_signature_certificate_uuid: keys.keep({ payload: signer.certificate }, 'demo'), ...more,
});

interface Shown { status: string; size: number | null }
const shown = async (id: string): Promise<Shown> => (await demo.get(`/v2/images/${id}`)).json<Shown>();
interface Verdict { valid: boolean; reason?: string; certificate_id: string }
const verdicts = async (id: string): Promise<Verdict[]> =>
  (await demo.get(`/v2/images/${id}/history`)).json<{ history: { inspection?: { signature?: Verdict } }[] }>().history.flatMap(({ inspection }) => inspection?.signature ?? []);

const bad: readonly (readonly [string, () => Readonly<Record<string, string>>, RegExp])[] = [
  ['a signature of other data', () => signed({ img_signature: signer.signatureOf(Buffer.from('other bytes!'), 'sha256') }), /the data is not what was signed/],
  ['a signature that is none', () => signed({ img_signature: 'AAAA' }), /the data is not what was signed/],
  ['a signature that is not base64', () => signed({ img_signature: 'A' }), /base64/],
  ['another hash method', () => signed({ img_signature_hash_method: 'SHA-512' }), /not what was signed/],
  ['a hash method that is none', () => signed({ img_signature_hash_method: 'MD5' }), /hash method MD5/],
  ['a key type that is none', () => signed({ img_signature_key_type: 'ED25519' }), /key type ED25519/],
  ['a key of another type', () => signed({ img_signature_key_type: 'RSA-PSS' }), /not of type RSA-PSS/],
  ['a certificate that is not there', () => signed({ img_signature_certificate_uuid: '0b0e8a3c-52c4-4c0e-9d43-4c1b1a7a1f11' }), /was not found/],
  ['a certificate id that is none', () => signed({ img_signature_certificate_uuid: '../containers' }), /an id is a UUID/],
  ['a certificate that the caller may not read', () => signed({ img_signature_certificate_uuid: keys.keep({ payload: signer.certificate }, 'alt') }), /status 403/],
];

describe('Signed images: upload', () => {
  it.each(['SHA-224', 'SHA-256', 'SHA-384', 'SHA-512'])('takes data that was signed with %s, and says so in the history', async (method) => {
    const properties = signed({ img_signature_hash_method: method, img_signature: signer.signatureOf(Buffer.from(data), `sha${method.slice(4)}` as 'sha256') });
    const id = await demo.image({ ...formats, ...properties });
    expect((await demo.upload(id, data)).status).toBe(204);
    expect(await shown(id)).toMatchObject({ status: 'active', size: 12 });
    expect(await verdicts(id)).toMatchObject([{ valid: true, certificate_id: properties.img_signature_certificate_uuid }]);
  });

  it.each(bad)('refuses %s with 400; the image is queued, and no bytes are left', async (_, properties, detail) => {
    const id = await demo.image({ ...formats, ...properties() });
    const answer = await demo.upload(id, data);
    expect([answer.status, answer.text]).toEqual([400, expect.stringMatching(detail)]);
    expect(await shown(id)).toMatchObject({ status: 'queued', size: null });
    expect((await demo.get(`/v2/images/${id}/file`)).status).toBe(204);
    expect(await verdicts(id)).toMatchObject([{ valid: false, reason: expect.stringMatching(detail) as string }]);
  });

  it.each(['img_signature', 'img_signature_hash_method', 'img_signature_key_type', 'img_signature_certificate_uuid'])('checks nothing where %s is missing', async (missing) => {
    const id = await demo.image({ ...formats, ...Object.fromEntries(Object.entries(signed({ img_signature: 'AAAA' })).filter(([name]) => name !== missing)) });
    expect((await demo.upload(id, data)).status).toBe(204);
    expect(await verdicts(id)).toEqual([]);
  });

  it('is tried again after the properties were corrected', async () => {
    const id = await demo.image({ ...formats, ...signed({ img_signature: 'AAAA' }) });
    expect((await demo.upload(id, data)).status).toBe(400);
    const { img_signature: value } = signed();
    expect((await demo.patch(`/v2/images/${id}`, { body: [{ op: 'replace', path: '/img_signature', value }] })).status).toBe(200);
    expect((await demo.upload(id, data)).status).toBe(204);
  });

  it('checks data in a container, too', async () => {
    const id = await demo.image({ disk_format: 'raw', container_format: 'ova', ...signed({ img_signature: 'AAAA' }) });
    expect((await demo.upload(id, data)).status).toBe(400);
    expect(await verdicts(id)).toMatchObject([{ valid: false }]);
  });
});

describe('Signed images: stage and import', () => {
  async function imported(properties: Readonly<Record<string, string>>): Promise<{ id: string; status: string; message: string }> {
    const id = await demo.image({ ...formats, ...properties });
    // Staged data is nobody's yet: its signature is checked with the import, as in Glance.
    expect((await demo.put(`/v2/images/${id}/stage`, { body: data, headers: { 'content-type': 'application/octet-stream' } })).status).toBe(204);
    expect((await demo.post(`/v2/images/${id}/import`, { body: { method: { name: 'glance-direct' }, all_stores: true } })).status).toBe(202);
    for (let triesLeft = 100; ; triesLeft -= 1) {
      const [task] = (await demo.get(`/v2/images/${id}/tasks`)).json<{ tasks: { status: string; message: string }[] }>().tasks;
      if (task && ['success', 'failure'].includes(task.status)) return { ...task, id };
      if (triesLeft === 0) throw new Error(`the import did not end: ${JSON.stringify(task)}`);
      await pause(100);
    }
  }

  it('imports what was signed into every store, checked once', async () => {
    const { id, status } = await imported(signed());
    expect([status, await shown(id)]).toEqual(['success', expect.objectContaining({ status: 'active', size: 12 })]);
    expect(await verdicts(id)).toMatchObject([{ valid: true }]);
  });

  it.each(bad.filter(([name]) => /other data|not there|may not read|hash method that is none/.test(name)))('fails the import with %s; nothing is left but what was staged', async (_, properties, detail) => {
    const { id, status, message } = await imported(properties());
    expect([status, message]).toEqual(['failure', expect.stringMatching(detail)]);
    expect((await shown(id)).status).toBe('queued');
    expect((await demo.get(`/v2/images/${id}/file`)).status).toBe(204);
    expect(await verdicts(id)).toMatchObject([{ valid: false }]);
  });

  it('does not check it again where the data is copied to another store: the copy has to be what was checked', async () => {
    const id = await demo.image({ ...formats, ...signed() });
    expect((await demo.upload(id, data, { 'x-image-meta-store': 'fast' })).status).toBe(204);
    const asked = keys.asked.length;
    expect((await api.as('admin').post(`/v2/images/${id}/import`, { body: { method: { name: 'copy-image' }, stores: ['far'] } })).status).toBe(202);
    expect(await importsAt(api).ended(id)).toMatchObject({ status: 'success' });
    expect(await shown(id)).toMatchObject({ status: 'active', stores: 'fast,far' });
    expect([keys.asked.length, await verdicts(id)]).toEqual([asked, [expect.objectContaining({ valid: true })]]);
  });

  it('never writes the token down that the certificate was fetched with', () => {
    expect(keys.asked.every((token) => token === 'demo')).toBe(true);
    expect(api.logged.filter((line) => line.includes('"x-auth-token"'))).toEqual([]);
  });
});
