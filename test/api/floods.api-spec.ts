import { startApi, type Api, type Person } from './harness.js';

const formats = { disk_format: 'raw', container_format: 'bare' };
let api: Api;
let demo: Person;
beforeAll(async () => {
  api = await startApi({
    'heliograph.reads_per_second': '0', 'heliograph.changes_per_second': '3', 'heliograph.images_per_project': '12', 'heliograph.size_limits': 'upload=10B, upload@alt=20B, glance-direct=5B',
  });
  demo = api.as('demo');
});
afterAll(() => api.stop());

describe('A project that asks too often', () => {
  it('is told so with 429 and when to come back; other projects, administrators and reads go on', async () => {
    const answers = await Promise.all(Array.from({ length: 60 }, () => demo.patch('/v2/images/11111111-2222-4333-8444-555555555555', { body: [] })));
    const refused = answers.filter(({ status }) => status === 429);
    expect(answers.filter(({ status }) => status === 404).length).toBeGreaterThanOrEqual(30);
    expect(refused.length).toBeGreaterThan(10);
    expect(Number(refused[0]?.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    expect(refused[0]?.text).toContain('more often than 3 a second');
    expect([(await demo.get('/v2/images')).status, (await api.as('admin').post('/v2/images', { body: formats })).status, (await api.as('alt').post('/v2/images', { body: formats })).status]).toEqual([200, 201, 201]);
  });
});

describe('A cap on images', () => {
  it('holds for every project: 413', async () => {
    const third = api.as('third');
    const answers = await Promise.all(Array.from({ length: 15 }, () => third.post('/v2/images', { body: formats })));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(12);
    expect(answers.find(({ status }) => status === 413)?.text).toContain('13 of the 12 that it may have as image_count_total');
  });
});

describe('Size limits by method and project', () => {
  it('of uploads are those of the project, else those of the method: 413', async () => {
    const [alt, admin] = [api.as('alt'), api.as('admin')];
    const [large, small] = [await alt.image(formats), await admin.image(formats)];
    expect([(await alt.upload(large, 'twelve bytes')).status, (await admin.upload(small, 'twelve bytes')).status, (await admin.upload(small, 'ten  bytes')).status]).toEqual([204, 413, 204]);
  });

  it('of staged data are those of glance-direct', async () => {
    const admin = api.as('admin');
    const id = await admin.image(formats);
    const stage = async (body: string) => (await admin.put(`/v2/images/${id}/stage`, { body, headers: { 'content-type': 'application/octet-stream' } })).status;
    expect([await stage('six by'), await stage('five ')]).toEqual([413, 204]);
  });
});
