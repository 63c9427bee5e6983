import config from './jest.config.mjs';

/** What takes minutes by its nature: `npm run test:long`. Much of it is waiting, for leases and for processes to come back: so more workers than cores. */
export default { ...config, testMatch: ['**/*.long.ts'], maxWorkers: 3 };
