import { derivedUuid, isTopicName, moment, notificationSubject } from '#libs/contracts';

export type Priority = 'INFO' | 'ERROR';

/** One notification as Glance knows it: what happened, and a payload whose fields are Glance's. Source: API.md section 26. */
export interface Notification {
  readonly eventType: string;
  readonly priority: Priority;
  readonly payload: unknown;
}

export const info = (eventType: string, payload: unknown): Notification => ({ eventType, priority: 'INFO', payload });

/** What every payload says of its thing's end and times. */
export const deletedAt = (at: Date) => ({ deleted: true, deleted_at: moment(at) });
export const notDeleted = { deleted: false, deleted_at: null };
export const times = ({ createdAt, updatedAt }: { readonly createdAt: Date; readonly updatedAt: Date }) => ({ created_at: moment(createdAt), updated_at: moment(updatedAt) });

/** How notifications go out. `messaging` is the bare message, `messagingv2` the same inside of oslo.messaging's envelope, `log` a line of the service's log. */
export const notificationDrivers = ['noop', 'log', 'messaging', 'messagingv2'] as const;
export type NotificationDriver = (typeof notificationDrivers)[number];

/** What the operator chose, in Glance's words. */
export interface NotificationSettings {
  readonly drivers: readonly NotificationDriver[];
  readonly topics: readonly string[];
  /** Event types that are not sent, or their groups: what stands before the first dot. */
  readonly disabled: readonly string[];
  readonly publisherId: string;
}

/** Throws where a driver or topic is none, saying which. */
export function notificationSettings(config: { notificationDriver: readonly string[]; notificationTopics: readonly string[]; disabledNotifications: readonly string[]; defaultPublisherId: string }): NotificationSettings {
  const { notificationDriver: drivers, notificationTopics: topics, disabledNotifications: disabled, defaultPublisherId: publisherId } = config;
  const unknown = drivers.find((name) => !isDriver(name));
  if (unknown !== undefined) throw new Error(`oslo_messaging_notifications.driver names ${unknown}; use ${notificationDrivers.join(', ')}`);
  const misnamed = topics.find((topic) => !isTopicName(topic));
  if (misnamed !== undefined) throw new Error(`oslo_messaging_notifications.topics names ${misnamed}; use letters, digits, - and _`);
  return { drivers: drivers.filter(isDriver), topics, disabled, publisherId };
}

const isDriver = (name: string): name is NotificationDriver => (notificationDrivers as readonly string[]).includes(name);

/** Whether anybody is told of anything. */
export const isTold = ({ drivers }: Pick<NotificationSettings, 'drivers'>): boolean => drivers.some((driver) => driver !== 'noop');

export const isEnabled = ({ eventType }: Pick<Notification, 'eventType'>, { disabled }: Pick<NotificationSettings, 'disabled'>): boolean =>
  !disabled.includes(eventType) && !disabled.includes(eventType.split('.', 1)[0] ?? '');

/** A notification with what a message of oslo.messaging carries besides. */
export interface NotificationMessage {
  readonly message_id: string;
  readonly publisher_id: string;
  readonly event_type: string;
  readonly priority: Priority;
  readonly payload: unknown;
  /** As oslo writes it: `2026-01-31 12:00:00.000000`, UTC. */
  readonly timestamp: string;
}

/** `origin` names what is told of, so that a message which is sent again has the id that it had. */
export function messageOf({ eventType, priority, payload }: Notification, { publisherId, origin, at }: { publisherId: string; origin: string; at: Date }): NotificationMessage {
  const timestamp = `${at.toISOString().slice(0, -1).replace('T', ' ')}000`;
  return { message_id: derivedUuid(origin), publisher_id: publisherId, event_type: eventType, priority, payload, timestamp };
}

/** What stands on the wire, as JSON. Source: oslo.messaging, "Notification message format" and the envelope of version 2.0. */
export function wireOf(message: NotificationMessage, driver: 'messaging' | 'messagingv2'): object {
  return driver === 'messaging' ? message : { 'oslo.version': '2.0', 'oslo.message': JSON.stringify(message) };
}

export interface AddressedNotification { readonly subject: string; readonly body: object; readonly messageId: string }

/** One message for each topic, and for each form that was asked for. */
export function addressed(region: string, { drivers, topics }: NotificationSettings, message: NotificationMessage): AddressedNotification[] {
  const forms = drivers.filter((driver) => driver === 'messaging' || driver === 'messagingv2');
  return topics.flatMap((topic) => forms.map((form) =>
    ({ subject: notificationSubject(region, topic, message.priority), body: wireOf(message, form), messageId: `${message.message_id}:${topic}:${form}` })));
}
