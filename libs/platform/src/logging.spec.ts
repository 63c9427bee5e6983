import { closeSync, existsSync, openSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { createLogger, requestContext } from './index.js';
import { descriptor, writtenTogether } from './logging.js';

const linesOf = (write: (logger: ReturnType<typeof createLogger>) => void, level = 'info'): Record<string, unknown>[] => {
  const lines: string[] = [];
  write(createLogger({ service: 'gateway', region: 'RegionOne', level }, { write: (line) => void lines.push(line) }));
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
};

describe('log lines', () => {
  it('carry service and region, and the request id inside a request', () => {
    const [outside, inside] = linesOf((logger) => {
      logger.info('outside');
      requestContext.run({ requestId: 'req-1' }, () => logger.info('inside'));
    });
    expect(outside).toMatchObject({ service: 'gateway', region: 'RegionOne', level: 'info', msg: 'outside' });
    expect(outside).not.toHaveProperty('request_id');
    expect(inside).toMatchObject({ request_id: 'req-1' });
  });

  it.each([
    { headers: { 'x-auth-token': 'hush', 'X-Service-Token': 'hush', authorization: 'hush' } }, { 'x-auth-token': 'hush' }, { token: 'hush' },
    { user: { password: 'hush' } }, { req: { headers: { authorization: 'hush', 'X-Auth-Token': 'hush' } } },
  ])('hold no token and no password: %j', (facts) => {
    const [line] = linesOf((logger) => logger.info(facts, 'a request'));
    expect(JSON.stringify(line)).not.toContain('hush');
  });
});

describe('lines of one turn', () => {
  it('are written together, in order and once, or when somebody cannot wait', async () => {
    const written: string[] = [];
    const output = writtenTogether({ write: (text) => void written.push(text) });
    output.write('one\n');
    await Promise.resolve();
    output.write('two\n');
    expect(written).toEqual([]);
    await nextTurn();
    expect(written).toEqual(['one\ntwo\n']);
    output.write('three\n');
    output.flushSync();
    await nextTurn();
    expect(written).toEqual(['one\ntwo\n', 'three\n']);
  });
});

(existsSync('/dev/full') ? describe : describe.skip)('A disk that is full', () => {
  it('takes no lines, and breaks nothing', async () => {
    const fd = openSync('/dev/full', 'w');
    const output = writtenTogether(descriptor(fd));
    for (let lines = 0; lines < 3; lines += 1) {
      output.write('a line\n');
      await nextTurn();
    }
    expect(() => output.flushSync()).not.toThrow();
    closeSync(fd);
  });
});
