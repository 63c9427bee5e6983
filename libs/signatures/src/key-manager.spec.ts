import { aSigner, keyManagerLookAlike, type KeyManagerLookAlike } from '#libs/testing';
import { barbican, type BarbicanOptions } from './key-manager.js';

const imageId = '11111111-2222-4333-8444-555555555555';
const refusal = (detail: RegExp) => expect.objectContaining({ code: 'SignatureNotVerified', params: expect.objectContaining({ detail: expect.stringMatching(detail) as string }) as object }) as Error;

describe('The key manager', () => {
  let keys: KeyManagerLookAlike;
  beforeAll(async () => { keys = await keyManagerLookAlike(); });
  afterAll(() => keys.stop());
  const options = (more: Partial<BarbicanOptions> = {}): BarbicanOptions => ({ barbicanEndpoint: keys.url, barbicanApiVersion: 'v1', verifySsl: true, verifySslPath: '', ...more });
  const ask = (certificateId: string, more: Partial<BarbicanOptions> = {}, catalogUrl?: string) => barbican(options(more)).certificate({ imageId, certificateId, token: 'demo', catalogUrl });
  const { certificate } = aSigner({ kind: 'ec' });

  it('gives a certificate to the caller whose token may read it', async () => {
    const id = keys.keep({ payload: certificate }, 'demo');
    expect((await ask(id)).toString()).toBe(certificate);
    expect(keys.asked).toContain('demo');
  });

  it('is found in the catalogue where no endpoint is set, with or without its version', async () => {
    const id = keys.keep({ payload: certificate }, 'demo');
    for (const url of [keys.url, `${keys.url}/`, `${keys.url}/v1`]) expect((await ask(id, { barbicanEndpoint: '' }, url)).toString()).toBe(certificate);
    await expect(ask(id, { barbicanEndpoint: '' })).rejects.toThrow(refusal(/none in your service catalogue/));
  });

  it('refuses ids that are none before it asks anybody', async () => {
    const before = keys.asked.length;
    for (const id of ['', '../../secrets', 'x/payload', `${'a'.repeat(400)}`]) await expect(ask(id)).rejects.toThrow(refusal(/an id is a UUID/));
    expect(keys.asked.length).toBe(before);
  });

  it.each([
    ['what is not there', () => '0b0e8a3c-52c4-4c0e-9d43-4c1b1a7a1f11', /was not found/], ['what another one may read', () => keys.keep({ payload: certificate }, 'alt'), /status 403/],
    ['what is no certificate', () => keys.keep({ payload: 'key', type: 'symmetric' }, 'demo'), /is not a certificate/],
    ['what is far too large', () => keys.keep({ payload: Buffer.alloc(1_000_000) }, 'demo'), /cannot be had/],
  ])('refuses %s', async (_, id, detail) => {
    await expect(ask(id())).rejects.toThrow(refusal(detail));
  });

  it('refuses where it cannot be reached', async () => {
    await expect(ask('0b0e8a3c-52c4-4c0e-9d43-4c1b1a7a1f11', { barbicanEndpoint: 'http://127.0.0.1:9' })).rejects.toThrow(refusal(/cannot be had from the key manager/));
  });
});
