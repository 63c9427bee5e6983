import { Option } from './config.js';

/** What services that tell of things are told, all of them the same: `@notificationOptions.driver readonly notificationDriver: readonly string[]`. */
export const notificationOptions = {
  driver: Option.list('oslo_messaging_notifications', 'driver', {
    glance: true, default: ['noop'], doc: 'How notifications go out, one or several of messaging, messagingv2 (in oslo.messaging\'s envelope), log and noop. Told to catalog and gateway alike.',
  }),
  topics: Option.list('oslo_messaging_notifications', 'topics', {
    glance: true, default: ['notifications'], doc: 'The topics that each notification is sent to: subject notification.<region>.<topic>.<info|error> in NATS.',
  }),
  disabled: Option.list('default', 'disabled_notifications', {
    glance: true, default: [], doc: 'Notifications that are not sent, by event type or by group: what stands before the first dot, as image, task or metadef_tag.',
  }),
  publisher: Option.text('default', 'default_publisher_id', { glance: true, default: 'image.localhost', doc: 'The publisher_id of notifications.' }),
} as const;
