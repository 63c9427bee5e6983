export { WrongExpectedSequence, type AppendOptions, type EventLog, type FollowOptions, type LogExtent, type Stored } from './event-log.js';
