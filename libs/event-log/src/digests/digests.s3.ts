import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findS3Server, startS3Server } from '#libs/embedded';
import { bucketFiles } from '#libs/stores';
import { describeDigests } from './digests.suite.js';

describeDigests('a bucket', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'digests-s3-'));
  const server = await startS3Server({ binary: await findS3Server(), dir });
  const settings: Readonly<Record<string, string>> = { s3_store_host: server.url, s3_store_access_key: server.accessKey, s3_store_secret_key: server.secretKey, s3_store_create_bucket_on_put: 'true' };
  const sections = { value: (_: string, name: string) => settings[name], name: (section: string, name: string) => `${section}.${name}` };
  return {
    place: bucketFiles({ url: 's3://digests', section: 'digests', lockDays: 0 }, sections), dir: join(dir, 'buckets', 'digests'),
    async end() {
      await server.stop();
      await rm(dir, { recursive: true });
    },
  };
});
