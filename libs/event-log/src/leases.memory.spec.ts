import { memoryLeases } from './leases.memory.js';
import { leasesSuite } from './leases.suite.js';

describe('leases in memory', () => {
  leasesSuite(() => Promise.resolve({ leases: memoryLeases(), close: () => Promise.resolve() }));
});
