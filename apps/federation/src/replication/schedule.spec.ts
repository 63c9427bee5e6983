import { lastDue, readSchedule } from './schedule.js';

const at = (text: string): Date => new Date(`2026-03-29T${text}Z`);

describe('A schedule', () => {
  it('is due at its moments in UTC, whatever the clocks of a country do that night', () => {
    expect(lastDue('30 2 * * *', at('00:00:00'), at('02:29:59'))).toBeUndefined();
    expect(lastDue('30 2 * * *', at('00:00:00'), at('02:30:00'))).toEqual(at('02:30:00'));
    expect(lastDue('30 2 * * *', at('02:30:00'), at('23:00:00'))).toBeUndefined();
  });

  it('that was missed several times is made good once', () => {
    expect(lastDue('*/10 * * * *', at('00:00:00'), at('01:05:00'))).toEqual(at('01:00:00'));
    expect(lastDue('0 3 * * *', new Date('2020-01-01T00:00:00Z'), at('12:00:00'))).toEqual(at('03:00:00'));
    expect(lastDue('0 3 1 1 *', new Date('2020-01-01T00:00:00Z'), at('12:00:00'))).toBeUndefined();
  });

  it.each(['61 3 * * *', 'x', '* * * *', '* * * * * *', '', '0 3 * * monday-ish'])('that reads %j is refused', (text) => {
    expect(() => readSchedule(text)).toThrow(expect.objectContaining({ code: 'InvalidRequest' }) as Error);
  });
});
