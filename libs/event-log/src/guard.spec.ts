import { randomUUID } from 'node:crypto';
import { hashOfCommit, imageSubject } from '#libs/contracts';
import { compareWithLog } from './guard.js';
import { memoryEventLog } from './memory.js';

describe('the guard of the log', () => {
  const createdAt = '2026-01-01T00:00:00Z';
  const messages = ['a', 'b', 'c'].map((text, index) => ({ sequence: index + 1, subject: imageSubject('RegionOne', randomUUID()), bytes: Buffer.from(text) }));
  const log = memoryEventLog({ messages, createdAt });
  const remembered = { createdAt, sequence: 2, hash: hashOfCommit(Buffer.from('b')) };

  it('trusts a log of which nothing is remembered', async () => {
    expect(await compareWithLog(log, undefined)).toBe('trusted');
    expect(await compareWithLog(log, { createdAt: '', sequence: 0, hash: '' })).toBe('trusted');
    expect(await compareWithLog(memoryEventLog(), undefined)).toBe('trusted');
  });

  it('trusts a log that holds what is remembered, also where it is ahead', async () => {
    expect(await compareWithLog(log, remembered)).toBe('trusted');
  });

  it('says that the tail is lost where the log ends before what is remembered', async () => {
    const cut = memoryEventLog({ messages: messages.slice(0, 1), createdAt });
    expect(await compareWithLog(cut, remembered)).toEqual({ lost: expect.stringContaining('ends at sequence 1, and sequence 2 was there') });
    expect(await compareWithLog(memoryEventLog({ createdAt }), remembered)).toEqual({ lost: expect.stringContaining('ends at sequence 0') });
  });

  it('says that the log went on after a loss where another message stands at the remembered sequence', async () => {
    const reused = memoryEventLog({ messages: [messages[0]!, { ...messages[1]!, bytes: Buffer.from('other') }, messages[2]!], createdAt });
    expect(await compareWithLog(reused, remembered)).toEqual({ lost: expect.stringContaining('another message stands at sequence 2') });
  });

  it('says which message is gone', async () => {
    const holed = memoryEventLog({ messages: [messages[0]!, messages[2]!], createdAt });
    expect(await compareWithLog(holed, remembered)).toEqual({ lost: expect.stringContaining('sequence 2 is gone') });
  });

  it('says that the log was replaced where it was created at another time', async () => {
    expect(await compareWithLog(memoryEventLog({ messages, createdAt: 'later' }), remembered)).toEqual({ lost: expect.stringContaining('replaced') });
  });
});
