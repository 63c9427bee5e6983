/** `npm run test:long`: what takes minutes by its nature, and so is no part of `npm test`. The last line is: N passed, N failed, N skipped. */
import { runSuite } from './jest-suite.mjs';

await runSuite('jest.long.mjs', { limitMs: 25 * 60_000 });
