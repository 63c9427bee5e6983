export { imageNotifications, passCommit, sentNotification, untoldImage, type ToldImage } from './image.notifications.js';
export { metadefNotifications, passMetadefCommit, untoldNamespace, type ToldNamespace } from './metadef.notifications.js';
export {
  addressed, isEnabled, isTold, notificationSettings, messageOf, notificationDrivers, wireOf, type Notification, type NotificationDriver, type NotificationMessage, type NotificationSettings, type Priority,
} from './notification.js';
