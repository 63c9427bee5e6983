import { eventLogSuite } from './event-log.suite.js';
import { memoryEventLog } from './memory.js';

describe('the event log in memory', () => {
  eventLogSuite(() => Promise.resolve({ log: memoryEventLog(), close: () => Promise.resolve() }));
});
