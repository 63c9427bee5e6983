/**
 * `npm run test:s3`: the S3 store against a real S3 server: S3_SERVER_BIN, versitygw or minio on PATH, or versitygw built with Go into
 * .cache. Where there is none it fails and says so. The last line is: N passed, N failed, N skipped.
 */
import { join } from 'node:path';
import { runSuite } from './jest-suite.mjs';
import { projectDir } from './prepare.mjs';

await runSuite('jest.s3.mjs', {
  limitMs: 14 * 60_000,
  async before() {
    const { findS3Server } = await import(join(projectDir, 'dist/libs/embedded/src/index.js'));
    console.error(`S3 server: ${await findS3Server(process.env, (line) => console.error(line))}`);
  },
});
