import { addressed, isEnabled, isTold, messageOf, notificationSettings, type NotificationSettings } from './notification.js';

const at = new Date('2026-01-31T12:00:00.123Z');
const settings: NotificationSettings = { drivers: ['messaging', 'messagingv2', 'log'], topics: ['notifications', 'billing'], disabled: [], publisherId: 'image.localhost' };
const message = messageOf({ eventType: 'image.create', priority: 'INFO', payload: { id: 'x' } }, { publisherId: 'image.localhost', origin: 'RegionOne:7:0', at });

describe('A notification', () => {
  it('has the fields of a message of oslo.messaging', () => {
    expect(message).toEqual({
      message_id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/) as string,
      publisher_id: 'image.localhost', event_type: 'image.create', priority: 'INFO', payload: { id: 'x' }, timestamp: '2026-01-31 12:00:00.123000',
    });
  });

  it('has the same id when it is told again, and another one for another origin', () => {
    const told = (origin: string) => messageOf({ eventType: 'image.create', priority: 'INFO', payload: {} }, { publisherId: 'other', origin, at }).message_id;
    expect(told('RegionOne:7:0')).toBe(message.message_id);
    expect(told('RegionOne:7:1')).not.toBe(message.message_id);
  });

  it('goes to every topic, bare and in the envelope, whichever is asked for', () => {
    const out = addressed('RegionOne', settings, message);
    expect(out.map(({ subject }) => subject)).toEqual(['notifications', 'notifications', 'billing', 'billing'].map((topic) => `notification.RegionOne.${topic}.info`));
    expect(out[0]?.body).toEqual(message);
    const { 'oslo.version': version, 'oslo.message': text } = out[1]?.body as Record<string, string>;
    expect([version, JSON.parse(text ?? '')]).toEqual(['2.0', message]);
    expect(new Set(out.map(({ messageId }) => messageId)).size).toBe(4);
  });

  it.each([['image.member.create', ['image'], false], ['image.member.create', ['image.member.create'], false], ['image.member.create', ['image.member'], true], ['task.run', ['image'], true]])(
    '%s under disabled_notifications=%j is told: %s', (eventType, disabled, isToldOf) => {
      expect(isEnabled({ eventType }, { disabled })).toBe(isToldOf);
    });
});

describe('The settings of notifications', () => {
  const config = { notificationDriver: ['noop'], notificationTopics: ['notifications'], disabledNotifications: [], defaultPublisherId: 'image.localhost' };

  it('tell nothing by default', () => {
    expect(isTold(notificationSettings(config))).toBe(false);
    expect(isTold(notificationSettings({ ...config, notificationDriver: ['noop', 'log'] }))).toBe(true);
  });

  it('refuse drivers and topics that are none', () => {
    expect(() => notificationSettings({ ...config, notificationDriver: ['rabbit'] })).toThrow(/driver names rabbit/);
    expect(() => notificationSettings({ ...config, notificationTopics: ['a.b'] })).toThrow(/topics names a\.b/);
  });
});
