import { randomUUID } from 'node:crypto';
import { addressed, isEnabled, messageOf, notificationSettings, sentNotification } from '#libs/notifications';
import type { ServiceParts } from '#libs/platform';
import type { GatewayConfig } from '../config.js';

/** One download: what was asked for, what went out, and to whom. */
export type Sent = Parameters<typeof sentNotification>[0];
export type TellSent = (sent: Sent) => void;

/** Tells of downloads (`image.send`). They are no events of the log, so that a word is lost when NATS is away: nobody waits for it. Throws where driver or topic is none. */
export function sentTeller({ config, bus, logger }: Pick<ServiceParts<GatewayConfig>, 'config' | 'bus' | 'logger'>, clock: () => Date): TellSent {
  const settings = notificationSettings(config);
  return (sent) => {
    const notification = sentNotification(sent);
    if (!isEnabled(notification, settings)) return;
    const message = messageOf(notification, { publisherId: settings.publisherId, origin: randomUUID(), at: clock() });
    if (settings.drivers.includes('log')) logger.info({ notification: message }, message.event_type);
    for (const { subject, body } of addressed(bus.region, settings, message)) bus.tell(subject, body);
  };
}
