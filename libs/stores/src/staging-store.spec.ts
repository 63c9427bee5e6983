import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { stagingStoreId } from '#libs/domain';
import { openStagingStore } from './staging-store.js';
import { refuses } from './store.suite.js';

describe('The staging area', () => {
  let dir: string;
  beforeEach(async () => { dir = await mkdtemp(join(tmpdir(), 'heliograph-staging-')); });
  afterEach(() => rm(dir, { recursive: true }));
  const key = { imageId: randomUUID(), attemptId: randomUUID(), storeId: stagingStoreId };
  const file = (name: string) => ({ nodeStagingUri: pathToFileURL(join(dir, name)).href, stagingStoreKind: 'file' as const });
  const sections = (options: Record<string, string> = {}) => ({ value: (section: string, name: string) => options[`${section}.${name}`], name: (section: string, name: string) => `${section}.${name}` });

  it('lies where node_staging_uri says', async () => {
    expect(await openStagingStore(file('a b'), sections())).toMatchObject({ id: stagingStoreId, kind: 'file', isReadOnly: false });
    expect(await readdir(dir)).toEqual(['a b']);
  });

  it('lies where the reserved store of Glance has its directory, if it has one', async () => {
    await openStagingStore(file('a'), sections({ [`${stagingStoreId}.filesystem_store_datadir`]: join(dir, 'b') }));
    expect(await readdir(dir)).toEqual(['b']);
  });

  it('may be a bucket, and says which of its options are missing', async () => {
    const s3 = { nodeStagingUri: 'file:///unused', stagingStoreKind: 's3' as const };
    await expect(openStagingStore(s3, sections())).rejects.toThrow(`${stagingStoreId}.s3_store_bucket`);
    const options = { s3_store_host: 'http://127.0.0.1:9', s3_store_access_key: 'a', s3_store_secret_key: 'b', s3_store_bucket: 'staging' };
    const store = await openStagingStore(s3, sections(Object.fromEntries(Object.entries(options).map(([name, value]) => [`${stagingStoreId}.${name}`, value]))));
    expect([store.id, store.kind, store.unfinished !== undefined]).toEqual([stagingStoreId, 's3', true]);
  });

  it('is neither made nor written by who only reads it, and holds nothing for him where it is not', async () => {
    const store = await openStagingStore(file('elsewhere'), sections(), { isReadOnly: true });
    await refuses(store.read(key), 'ImageDataNotFound');
    await refuses(store.create(key), 'StoreUnavailable');
    expect(await readdir(dir)).toEqual([]);
  });
});
