import { createServer } from 'node:net';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { sealAccess, signCapability, type CapabilityClaims, type RemoteImage } from '#libs/contracts';
import { noReplication } from '#libs/domain';
import { createLogger, createTransferAdapter, nestLogger } from '#libs/platform';
import { goodToken, remoteImageId, startRemoteRegion, type RemoteRegion } from '../test/remote-region.js';
import { federationModule, refusals } from './federation.module.js';
import type { FederationRoom } from './federation.room.js';
import { RegionFailure } from './replication/image-api.js';
import { reachService } from './reach-service.js';

const importId = '22222222-2222-4333-8444-555555555555';
const [capabilityKey, sealKey] = ['c'.repeat(32), 's'.repeat(32)];
const region = 'RegionOne';
const now = new Date('2030-01-01T00:00:00Z');
const later = new Date('2030-01-01T01:00:00Z');

let remote: RemoteRegion;
let app: NestFastifyApplication;
let url: string;
let logged: string[];
const sealed = new Map<string, string>();
const leave = (endpoint = remote.url, expiresAt = later): void =>
  void sealed.set(importId, sealAccess(sealKey, { token: goodToken, endpoint, imageId: remoteImageId }, { importId, region, expiresAt }));

beforeEach(async () => {
  remote = await startRemoteRegion();
  logged = [];
  const logger = createLogger({ service: 'federation', region: 'RegionTwo', level: 'debug' }, { write: (line) => void logged.push(line) });
  const tokens: FederationRoom['tokens'] = { get: (id) => Promise.resolve(sealed.get(id)), remove: (id) => Promise.resolve(void sealed.delete(id)) };
  const copying: FederationRoom['copying'] = {
    region: 'RegionTwo', tokens, sealKey, desk: { load: () => Promise.resolve(noReplication()) }, carriage: () => Promise.reject(new RegionFailure('RegionOne', 0, 'there is no account for it')), totalTimeoutMs: 10_000, clock: () => now,
  };
  const room: FederationRoom = {
    tokens, copying, capabilityKey, sealKey, prefixes: ['os_type', 'hw_'], totalTimeoutMs: 10_000, reachService: reachService({ timeoutMs: 500 }), desk: { carryOut: () => Promise.reject(new Error('no command is sent here')) }, logger, signal: new AbortController().signal, clock: () => now,
  };
  app = await NestFactory.create<NestFastifyApplication>(federationModule(room), await createTransferAdapter(), { logger: nestLogger(logger), abortOnError: false, bodyParser: false });
  app.useGlobalFilters(refusals(logger));
  await app.listen(0, '127.0.0.1');
  url = await app.getUrl();
  leave();
});
afterEach(async () => {
  await app.close();
  await remote.close();
});

const claims: CapabilityClaims = {
  may: 'fetch', imageId: '33333333-2222-4333-8444-555555555555', attemptId: importId, fetches: { importId, region }, expiresAt: later, requestId: 'req-1',
  actor: { userId: 'service:importer', authMethod: 'service' },
};
const withoutImport = (({ fetches: _, ...rest }: CapabilityClaims): CapabilityClaims => rest)(claims);
const at = (path = '', changed: Partial<CapabilityClaims> = {}): string => `${url}/downloads/${signCapability(capabilityKey, { ...claims, ...changed })}${path}`;
const get = (path = '', headers: Record<string, string> = {}): Promise<Response> => fetch(at(path), { headers });
const refusal = async (response: Response): Promise<{ code: string; params: Record<string, unknown> }> => ((await response.json()) as { problem: { code: string; params: Record<string, unknown> } }).problem;
const bytesOf = async (response: Response): Promise<Buffer> => Buffer.from(await response.arrayBuffer());

describe('An image of another region', () => {
  it('is refused where the catalogue of the caller does not have that region, and nothing is asked there', async () => {
    sealed.set(importId, sealAccess(sealKey, { interface: 'public', known: 'RegionTwo (public)' }, { importId, region, expiresAt: later }));
    for (const path of ['', '/data']) expect(await refusal(await get(path))).toEqual({ code: 'RegionNotInCatalogue', params: { region, interface: 'public', known: 'RegionTwo (public)' } });
    expect(remote.requests).toEqual([]);
  });

  it("is described with the caller's token: size, formats, hashes, and the properties that may pass", async () => {
    const image = (await (await get()).json()) as RemoteImage;
    expect(image).toEqual({
      sizeBytes: 300_000, diskFormat: 'qcow2', containerFormat: 'bare', checksum: expect.stringMatching(/^[0-9a-f]{32}$/) as string, osHashAlgo: 'sha512',
      osHashValue: expect.stringMatching(/^[0-9a-f]{128}$/) as string, properties: { os_type: 'linux', hw_disk_bus: 'virtio' },
    });
    expect(remote.requests).toEqual([{ path: `/v2/images/${remoteImageId}`, range: undefined, token: goodToken }]);
  });

  it('is brought byte for byte', async () => {
    const response = await get('/data');
    expect([response.status, response.headers.get('content-length')]).toEqual([200, '300000']);
    expect((await bytesOf(response)).equals(remote.data)).toBe(true);
  });

  it('is taken up again where the link to the other region broke, and only what is missing is asked for', async () => {
    remote.cuts = [100_000, 50_000];
    expect((await bytesOf(await get('/data'))).equals(remote.data)).toBe(true);
    const asked = remote.requests.filter(({ path }) => path.endsWith('/file')).map(({ range }) => range);
    expect(asked).toEqual([undefined, 'bytes=100000-', 'bytes=150000-']);
  });

  it('is given from where the importer lost it, and asked for from there', async () => {
    const response = await get('/data', { range: 'bytes=250000-' });
    expect([response.status, response.headers.get('content-range')]).toEqual([206, 'bytes 250000-299999/300000']);
    expect((await bytesOf(response)).equals(remote.data.subarray(250_000))).toBe(true);
    expect(remote.requests.at(-1)?.range).toBe('bytes=250000-');
    expect((await refusal(await get('/data', { range: 'bytes=300000-' }))).code).toBe('RangeNotSatisfiable');
  });

  it('without a byte is brought without asking for any', async () => {
    remote.shown = { size: 0 };
    expect(await bytesOf(await get('/data'))).toHaveLength(0);
    expect(remote.requests.map(({ path }) => path)).toEqual([`/v2/images/${remoteImageId}`]);
  });

  it('is found at an endpoint that names the version, or a path', async () => {
    leave(`${remote.url}/v2/`);
    expect((await get()).status).toBe(200);
    leave(`${remote.url}/image/v2.9`);
    expect(await refusal(await get())).toEqual({ code: 'RemoteImageNotFound', params: { region, imageId: remoteImageId } });
    expect(remote.requests.at(-1)?.path).toBe(`/image/v2/images/${remoteImageId}`);
  });
});

describe('An object of an object store', () => {
  const location = 'swift://cloud.foo/myaccount/mycontainer/path';
  const object = (): string => at('/object', { fetches: { importId, region: '' } });
  /** What the other service has at the path of an image's data serves as an object as well. */
  const leaveObject = (path = `/v2/images/${remoteImageId}/file`): void =>
    void sealed.set(importId, sealAccess(sealKey, { token: goodToken, endpoint: `${remote.url}${path}`, imageId: location }, { importId, region: '', expiresAt: later }));

  it("is brought byte for byte with the caller's token, a broken link taken up again", async () => {
    leaveObject();
    const response = await fetch(object());
    expect([response.status, response.headers.get('content-length')]).toEqual([200, '300000']);
    expect((await bytesOf(response)).equals(remote.data)).toBe(true);
    expect(remote.requests).toEqual([{ path: `/v2/images/${remoteImageId}/file`, range: undefined, token: goodToken }]);
  });

  it.each([[401, 'does not accept the token'], [403, 'does not let you read'], [404, 'Received 404 response'], [410, 'answered 410']])('is refused with %i in words that name the location, and no address', async (status, words) => {
    leaveObject();
    remote.status = status;
    const told = await refusal(await fetch(object()));
    expect(told).toEqual({ code: 'DownloadFailed', params: expect.objectContaining({ uri: location, reason: expect.stringContaining(words) as string }) as object });
    expect(JSON.stringify(told)).not.toContain('127.0.0.1');
  });

  it('is not given from its middle, nor for the token of a region', async () => {
    leaveObject();
    expect((await refusal(await fetch(object(), { headers: { range: 'bytes=5-' } }))).code).toBe('DownloadFailed');
    leave();
    expect((await refusal(await fetch(object()))).code).toBe('RemoteTokenLost');
  });
});

describe('What the other region refuses', () => {
  it.each([[401, 'RemoteTokenRefused'], [403, 'RemoteImageForbidden'], [404, 'RemoteImageNotFound']])('with %i is told as %s, in words without addresses', async (status, code) => {
    remote.status = status;
    expect(await refusal(await get())).toEqual({ code, params: { region, imageId: remoteImageId } });
  });

  it('in mid-download, when the token has expired there, is told to who asks for the rest', async () => {
    remote.cuts = [100_000];
    const response = await get('/data');
    const reader = response.body?.getReader();
    await reader?.read();
    remote.acceptsToken = false;
    await expect((async () => { while (!(await reader?.read())?.done) { /* to the cut */ } })()).rejects.toBeDefined();
    expect((await refusal(await get('/data', { range: 'bytes=100000-' }))).code).toBe('RemoteTokenRefused');
  });

  it.each([['queued'], ['deactivated'], [7]])('because it is %j there is told', async (status) => {
    remote.shown = { status };
    expect(await refusal(await get())).toEqual({ code: 'RemoteImageNotActive', params: { region, imageId: remoteImageId, status: String(status) } });
  });

  it.each([[{ size: null }], [{ size: -1 }], [{ size: '5' }], [{ disk_format: null }], [{ container_format: 7 }]])('because it says %j of itself is told', async (shown) => {
    remote.shown = shown;
    expect((await refusal(await get())).code).toBe('RemoteImageUnusable');
  });

  it('is told where it redirects: no token goes astray', async () => {
    const elsewhere = await startRemoteRegion();
    remote.status = 302;
    remote.headers = { location: `${elsewhere.url}/v2/images/${remoteImageId}` };
    expect(await refusal(await get())).toMatchObject({ code: 'RemoteRegionFailed', params: { reason: 'the server redirects, which is not followed here' } });
    expect(elsewhere.requests).toEqual([]);
    await elsewhere.close();
  });

  it('is told where nothing answers, without its address', async () => {
    leave('http://127.0.0.1:9');
    const problem = await refusal(await get());
    expect(problem.code).toBe('RemoteRegionFailed');
    expect(JSON.stringify(problem)).not.toContain('127.0.0.1');
  });

  it('is told where the catalogue names something that is no web address', async () => {
    leave('ftp://127.0.0.1/');
    expect(await refusal(await get())).toMatchObject({ code: 'RemoteRegionFailed', params: { reason: 'the catalogue names an address that cannot be used' } });
  });
});

describe('Nothing is fetched', () => {
  it.each<[string, () => string]>([
    ['without a capability', () => `${url}/downloads/made.up`], ['with a capability for something else', () => at('', { may: 'read' })],
    ['with one that has expired', () => at('', { expiresAt: now })], ['with one that names no import', () => `${url}/downloads/${signCapability(capabilityKey, withoutImport)}`],
  ])('%s', async (_, address) => {
    expect([(await fetch(address())).status, remote.requests]).toEqual([403, []]);
  });

  it('without a sealed token, with one for another region, or after it expired', async () => {
    expect((await refusal(await fetch(at('', { fetches: { importId, region: 'RegionTwo' } })))).code).toBe('RemoteTokenLost');
    leave(remote.url, now);
    expect((await refusal(await get())).code).toBe('RemoteTokenRefused');
    sealed.clear();
    expect((await refusal(await get())).code).toBe('RemoteTokenLost');
    expect(remote.requests).toEqual([]);
  });

  it('after the import has ended: the token is forgotten', async () => {
    expect((await fetch(at(), { method: 'DELETE' })).status).toBe(204);
    expect(sealed.size).toBe(0);
    expect((await refusal(await get('/data'))).code).toBe('RemoteTokenLost');
  });
});

describe('What federation logs', () => {
  it('holds neither token, nor sealed token, nor capability, also where everything goes wrong', async () => {
    const form = sealed.get(importId) ?? '';
    remote.cuts = [1000];
    await bytesOf(await get('/data'));
    remote.status = 500;
    remote.headers = { 'retry-after': '0' };
    await get();
    leave('not a url');
    await get();
    const text = logged.join('');
    expect(text).toContain('a transfer failed by a fault of ours');
    for (const secret of [goodToken, form, form.split('.')[1] ?? '', at().split('/').at(-1) ?? '']) expect(text).not.toContain(secret);
  });
});

describe('Whether another region can be reached', () => {
  const reach = reachService({ timeoutMs: 300 });

  it('is told with its version, and no token goes along', async () => {
    expect(await reach(`${remote.url}/v2`)).toEqual({ url: `${remote.url}/v2`, isReachable: true, version: 'v2.17' });
    expect(remote.requests).toEqual([{ path: '/versions', range: undefined, token: undefined }]);
  });

  it('is asked once within ten seconds, however many ask', async () => {
    await Promise.all([reach(`${remote.url}/`), reach(`${remote.url}/`)]);
    await reach(`${remote.url}/`);
    expect(remote.requests).toHaveLength(1);
  });

  it('is told with the reason where it cannot', async () => {
    remote.status = 500;
    expect(await reach(remote.url)).toMatchObject({ isReachable: false, reason: 'the server answered 500' });
    expect(await reach('http://127.0.0.1:9')).toMatchObject({ isReachable: false, reason: 'the connection was refused' });
    expect(await reach('nonsense')).toMatchObject({ isReachable: false, reason: 'its address cannot be used' });
  });

  it('takes no longer than the operator allows', async () => {
    const silent = createServer(() => undefined);
    await new Promise<void>((resolve) => { silent.listen(0, '127.0.0.1', resolve); });
    const { port } = silent.address() as { port: number };
    const began = performance.now();
    expect(await reach(`http://127.0.0.1:${port}`)).toMatchObject({ isReachable: false });
    expect(performance.now() - began).toBeLessThan(2000);
    silent.close();
  });
});
