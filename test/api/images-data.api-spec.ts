import { createHash } from 'node:crypto';
import { startApi, type Api, type Person } from './harness.js';

let api: Api;
let demo: Person;
let admin: Person;
beforeAll(async () => {
  api = await startApi({ 'default.image_size_cap': '1000' });
  [demo, admin] = [api.as('demo'), api.as('admin')];
});
afterAll(() => api.stop());

const data = 'twelve bytes';
const formats = { disk_format: 'raw', container_format: 'bare' };
const hash = (algorithm: string, text = data) => createHash(algorithm).update(text).digest('hex');
const shown = async (id: string) => (await demo.get(`/v2/images/${id}`)).json();
const file = (id: string) => `/v2/images/${id}/file`;

describe('Upload binary image data: PUT /v2/images/{image_id}/file', () => {
  it('answers 204, and the image is active with size and hashes', async () => {
    const id = await demo.image(formats);
    expect((await demo.upload(id, data)).status).toBe(204);
    expect(await shown(id)).toMatchObject({ status: 'active', size: 12, checksum: hash('md5'), os_hash_algo: 'sha512', os_hash_value: hash('sha512'), stores: 'fast' });
  });

  it('takes an image of no bytes', async () => {
    const id = await demo.activeImage('');
    expect(await shown(id)).toMatchObject({ status: 'active', size: 0, checksum: hash('md5', '') });
    expect((await demo.get(file(id))).text).toBe('');
  });

  it('writes to the store that the client names, and refuses one that is not there with 400', async () => {
    const id = await demo.image(formats);
    expect((await demo.upload(id, data, { 'x-image-meta-store': 'near' })).status).toBe(400);
    expect((await demo.upload(id, data, { 'x-image-meta-store': 'far' })).status).toBe(204);
    expect(await shown(id)).toMatchObject({ stores: 'far' });
  });

  it('refuses other media types with 415, missing formats with 400, and a second upload with 409', async () => {
    const id = await demo.image(formats);
    expect((await demo.upload(id, data, { 'content-type': 'application/json' })).status).toBe(415);
    expect((await demo.upload(await demo.image(), data)).status).toBe(400);
    expect([(await demo.upload(id, data)).status, (await demo.upload(id, data)).status]).toEqual([204, 409]);
  });

  it('refuses what is larger than it may be with 413, and what is not as large as announced with 400; the image is queued again', async () => {
    const id = await demo.image(formats);
    expect((await demo.upload(id, 'x'.repeat(1001))).status).toBe(413);
    expect((await demo.upload(id, data, { 'x-openstack-image-size': '13' })).status).toBe(400);
    expect((await demo.upload(id, data, { 'X-OpenStack-Image-Size': 'many' })).status).toBe(400);
    expect(await shown(id)).toMatchObject({ status: 'queued', size: null, checksum: null });
    expect((await demo.upload(id, data, { 'x-openstack-image-size': '12' })).status).toBe(204);
  });

  it('is for members of the owning project', async () => {
    const [secret, open] = [await demo.image({ ...formats, visibility: 'private' }), await demo.image({ ...formats, visibility: 'community' })];
    expect([(await api.as('alt').upload(secret, data)).status, (await api.as('alt').upload(open, data)).status, (await api.as('demoReader').upload(secret, data)).status]).toEqual([404, 403, 403]);
  });

  it('fixes the formats of the image', async () => {
    const id = await demo.activeImage();
    for (const name of ['disk_format', 'container_format']) {
      expect((await demo.patch(`/v2/images/${id}`, { body: [{ op: 'replace', path: `/${name}`, value: name === 'disk_format' ? 'qcow2' : 'ovf' }] })).status).toBe(403);
    }
  });
});

describe('Download binary image data: GET /v2/images/{image_id}/file', () => {
  it('answers with the bytes, their number, and their MD5 in hex', async () => {
    const answer = await demo.get(file(await demo.activeImage()));
    expect([answer.status, answer.text]).toEqual([200, data]);
    expect([answer.headers.get('content-type'), answer.headers.get('content-length'), answer.headers.get('content-md5')]).toEqual(['application/octet-stream', '12', hash('md5')]);
    expect(answer.headers.get('x-openstack-request-id')).toMatch(/^req-/);
  });

  it('answers 204 while there is no data', async () => {
    const answer = await demo.get(file(await demo.image(formats)));
    expect([answer.status, answer.text]).toEqual([204, '']);
  });

  it.each([['bytes=0-5', 'twelve', 'bytes 0-5/12'], ['bytes=7-', 'bytes', 'bytes 7-11/12'], ['bytes=-5', 'bytes', 'bytes 7-11/12'], ['bytes=-99', data, 'bytes 0-11/12'], ['bytes=7-99', 'bytes', 'bytes 7-11/12']])(
    'answers the range %s with 206', async (range, text, contentRange) => {
      const answer = await demo.get(file(await demo.activeImage()), { headers: { range } });
      expect([answer.status, answer.text, answer.headers.get('content-range'), answer.headers.get('content-md5')]).toEqual([206, text, contentRange, hash('md5')]);
    });

  it('refuses several ranges with 400, and ranges outside of the data with 416', async () => {
    const id = await demo.activeImage();
    expect((await demo.get(file(id), { headers: { range: 'bytes=0-1,3-4' } })).status).toBe(400);
    for (const range of ['bytes=12-', 'bytes=x', 'bytes=5-2']) expect((await demo.get(file(id), { headers: { range } })).status).toBe(416);
  });

  it('reads from the stores that prefer names, from another one where those do not hold it, and refuses names that are no store with 400', async () => {
    const id = await demo.activeImage();
    const from = async (prefer: string) => {
      const answer = await demo.get(`${file(id)}?prefer=${prefer}`);
      return [answer.status, answer.status === 200 ? answer.text : ''];
    };
    for (const prefer of ['fast', 'far', 'far,fast', '%20fast%20,', '', ',']) expect(await from(prefer)).toEqual([200, data]);
    for (const prefer of ['near', 'fast,near', '..']) expect(await from(prefer)).toEqual([400, '']);
    expect((await demo.get(`${file(await demo.image(formats))}?prefer=near`)).status).toBe(400);
  });

  it('lets the policy say who may choose the store', async () => {
    const id = await demo.activeImage();
    await api.writePolicy({ download_from_store: 'role:admin' });
    expect([(await demo.get(`${file(id)}?prefer=fast`)).status, (await demo.get(file(id))).status, (await admin.get(`${file(id)}?prefer=fast`)).status]).toEqual([403, 200, 200]);
    await api.writePolicy({});
  });

  it('is not for readers, and not for who cannot see the image', async () => {
    const id = await demo.activeImage();
    expect([(await api.as('demoReader').get(file(id))).status, (await api.as('alt').get(file(id))).status, (await admin.get(file(id))).status]).toEqual([403, 404, 200]);
  });
});

describe('Deactivate and reactivate image, with data', () => {
  it('closes the data to all but administrators, and opens it again', async () => {
    const id = await demo.activeImage();
    const act = async (action: string) => (await demo.post(`/v2/images/${id}/actions/${action}`)).status;
    expect([await act('deactivate'), await act('deactivate')]).toEqual([204, 204]);
    const deactivated = await shown(id);
    expect([deactivated['status'], deactivated['stores']]).toEqual(['deactivated', undefined]);
    expect((await api.as('admin').get(`/v2/images/${id}`)).json()).toMatchObject({ stores: 'fast' });
    expect([(await demo.get(file(id))).status, (await admin.get(file(id))).status]).toEqual([403, 200]);
    expect([await act('reactivate'), await act('reactivate')]).toEqual([204, 204]);
    expect((await demo.get(file(id))).text).toBe(data);
  });
});
