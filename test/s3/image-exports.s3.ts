import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findS3Server, startS3Server, type S3Server } from '#libs/embedded';
import { startApi, type Api } from '../api/harness.js';
import { eventually } from '../api/imports.js';
import { presigned } from './presigned.js';

describe('Export and import by presigned addresses of an S3 server', () => {
  let dir: string;
  let s3: S3Server;
  let api: Api;
  const data = randomBytes(6 * 1024 * 1024);
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'heliograph-s3-exports-'));
    s3 = await startS3Server({ binary: await findS3Server(), dir });
    const { hostname, port } = new URL(s3.url);
    expect((await fetch(presigned('PUT', s3, '/theirs'), { method: 'PUT' })).status).toBe(200);
    api = await startApi({ 'import_filtering_opts.allowed_hosts': hostname, 'import_filtering_opts.allowed_ports': port, 'heliograph.image_exports': 'true' });
  }, 600_000);
  afterAll(async () => {
    await api.stop();
    await s3.stop();
    await rm(dir, { recursive: true, force: true });
  });

  interface Action { readonly id: string; readonly status: string; readonly message?: string; readonly image_ref?: string }
  const ended = (id: string): Promise<Action> =>
    eventually(async () => (await api.as('demo').get(`/v2/image-actions/${id}`)).json<Action>(), ({ status }) => status === 'success' || status === 'failure');
  const act = async (body: object): Promise<Action> => {
    const answer = await api.as('demo').post('/v2/image-actions', { body });
    if (answer.status !== 201) throw new Error(answer.text);
    return ended(answer.json<Action>().id);
  };

  it('goes out and comes back as the same bytes, and no signature is told', async () => {
    const imageId = await api.as('demo').image({ disk_format: 'raw', container_format: 'bare' });
    await api.as('demo').upload(imageId, data);
    const out = await act({ action_type: 'export', image_id: imageId, location: presigned('PUT', s3, '/theirs/an-image') });
    expect(out).toMatchObject({ status: 'success' });
    const stored = await fetch(presigned('GET', s3, '/theirs/an-image'));
    expect(Buffer.from(await stored.arrayBuffer()).equals(data)).toBe(true);
    const back = await act({ action_type: 'import', location: presigned('GET', s3, '/theirs/an-image'), image_properties: { disk_format: 'raw', name: 'back again' } });
    expect(back.status).toBe('success');
    const [before, after] = await Promise.all([`/v2/images/${imageId}`, back.image_ref ?? ''].map(async (path) => (await api.as('demo').get(path)).json<{ os_hash_value: string }>().os_hash_value));
    expect(after).toBe(before);
    expect((await api.as('demo').get('/v2/image-actions')).text).not.toContain('X-Amz-');
  });

  it('is refused in the words of the server where the signature is not right', async () => {
    const imageId = await api.as('demo').activeImage();
    const location = presigned('PUT', s3, '/theirs/never').replace(/X-Amz-Signature=[0-9a-f]{8}/, 'X-Amz-Signature=00000000');
    expect(await act({ action_type: 'export', image_id: imageId, location })).toMatchObject({ status: 'failure', message: expect.stringMatching(/the server answered 403, SignatureDoesNotMatch/) as string });
    expect((await fetch(presigned('GET', s3, '/theirs/never'))).status).toBe(404);
  });
});
