import config from './jest.config.mjs';

/** What takes minutes by its nature: `npm run test:long`. */
export default { ...config, testMatch: ['**/*.long.ts'] };
