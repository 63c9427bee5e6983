import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findS3Server, startS3Server, type S3Server } from '#libs/embedded';
import { startApi, type Answer, type Api } from '../api/harness.js';
import { eventually } from '../api/imports.js';
import { startSlowLink, type SlowLink } from '../system/slow-link.js';
import { presigned } from './presigned.js';

interface Action { readonly id: string; readonly status: string; readonly message?: string; readonly image_ref?: string }
const mebibyte = 2 ** 20;

describe("Imports from S3 by the operator's accounts: POST /v2/image-imports with s3://bucket/key", () => {
  let dir: string;
  let s3: S3Server;
  let link: SlowLink;
  let api: Api;
  const data = randomBytes(24 * mebibyte);
  const sections = { library: { ALLOWED: 'golden/images/, golden/demo@demo, missing' }, wrong: { ALLOWED: 'golden/wrong/', S3_STORE_SECRET_KEY: 'not-the-secret' } };

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'heliograph-s3-imports-'));
    s3 = await startS3Server({ binary: await findS3Server(), dir });
    link = await startSlowLink(() => Number(new URL(s3.url).port), 16 * mebibyte);
    expect((await fetch(presigned('PUT', s3, '/golden'), { method: 'PUT' })).status).toBe(200);
    for (const path of ['/golden/images/noise', '/golden/demo/noise']) expect((await fetch(presigned('PUT', s3, path), { method: 'PUT', body: data })).status).toBe(200);
    for (const [name, more] of Object.entries(sections)) {
      const options = { S3_STORE_HOST: `http://127.0.0.1:${link.port}`, S3_STORE_ACCESS_KEY: s3.accessKey, S3_STORE_SECRET_KEY: s3.secretKey, ...more };
      for (const [option, value] of Object.entries(options)) process.env[`HELIOGRAPH_IMPORT_S3_${name.toUpperCase()}__${option}`] = value;
    }
    api = await startApi({ 'heliograph.import_s3_sources': 'library, wrong' });
  }, 600_000);
  afterAll(async () => {
    await api?.stop();
    await link?.close();
    await s3?.stop();
    await rm(dir, { recursive: true, force: true });
    for (const name of Object.keys(process.env).filter((each) => each.includes('_IMPORT_S3_'))) Reflect.deleteProperty(process.env, name);
  });

  const asked = (location: string, person: 'demo' | 'alt' = 'demo'): Promise<Answer> => api.as(person).post('/v2/image-imports', { body: { location, image_properties: { name: 'from S3', disk_format: 'raw' } } });
  const ended = (answer: Answer, person: 'demo' | 'alt' = 'demo'): Promise<Action> => {
    if (answer.status !== 201) throw new Error(answer.text);
    return eventually(async () => (await api.as(person).get(`/v2/image-imports/${answer.json<Action>().id}`)).json<Action>(), ({ status }) => status === 'success' || status === 'failure');
  };

  it('bring the object, go on where a link broke, and neither account nor signature nor server is told', async () => {
    const before = link.carriedBytes();
    const answer = await asked('s3://golden/images/noise');
    await eventually(() => Promise.resolve(link.carriedBytes() - before), (bytes) => bytes > 8 * mebibyte);
    link.cut();
    const done = await ended(answer);
    expect(done).toMatchObject({ status: 'success', location: 's3://golden/images/noise' });
    expect((await api.as('demo').get(done.image_ref ?? '')).json()).toMatchObject({ status: 'active', size: data.length, os_hash_value: createHash('sha512').update(data).digest('hex') });
    // The part in flight comes again, and nothing else.
    expect(link.carriedBytes() - before).toBeLessThan(data.length + 12 * mebibyte);
    const { id } = (await api.as('demo').get(done.image_ref ?? '')).json<{ id: string }>();
    const told = [JSON.stringify(done), (await api.as('demo').get(`/v2/images/${id}/history`)).text, (await api.as('admin').get(`/v2/images/${id}/tasks`)).text, api.logged.join()].join();
    for (const secret of [s3.accessKey, s3.secretKey, 'X-Amz', `127.0.0.1:${link.port}`]) expect(told).not.toContain(secret);
  });

  it('are for the projects that the operator lists', async () => {
    expect(await ended(await asked('s3://golden/demo/noise'))).toMatchObject({ status: 'success' });
    for (const location of ['s3://golden/demo/noise', 's3://golden/other', 's3://theirs/x']) {
      const refused = await asked(location, 'alt');
      expect([refused.status, refused.text]).toEqual([400, expect.stringContaining('the operator lets your project import from no such place in S3') as string]);
    }
  });

  it('fail with the answer of the server, and leave no image', async () => {
    const failure = async (location: string): Promise<string> => {
      const { status, message } = await ended(await asked(location));
      expect(status).toBe('failure');
      expect(message).not.toContain(s3.accessKey);
      expect(message).not.toContain('127.0.0.1');
      return message ?? '';
    };
    expect(await failure('s3://golden/images/nothing')).toBe('Could not retrieve s3://golden/images/nothing: Received 404 response, NoSuchKey. See that it can be downloaded, and import again.');
    expect(await failure('s3://missing/x')).toContain('Received 404 response, NoSuchBucket.');
    expect(await failure('s3://golden/wrong/x')).toContain('Received 403 response, SignatureDoesNotMatch.');
  });
});
