export { fileCheckpoints, memoryCheckpoints, type Checkpoints } from './checkpoints.js';
export { changeOf, eventTypes, isOneOf, type Change, type ImageEvent, type KnownEventType } from './event.js';
export { follow, type FollowOptions, type Handle } from './follow.js';
export { httpSource, type HttpSourceOptions } from './http-source.js';
export { credentialsFrom, keystoneSession, type Credentials, type Session } from './keystone-token.js';
export { natsSource, type NatsSourceOptions } from './nats-source.js';
export { Refused, type Delivery, type Position, type Source } from './source.js';
