import config from './jest.config.mjs';

/** What needs a real S3 server: `npm run test:s3`. */
export default { ...config, testMatch: ['**/*.s3.ts'] };
