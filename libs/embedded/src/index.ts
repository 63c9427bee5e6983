export { StartFailed, boundLog, describeEnding, startChild, tailOf, type Child, type ChildOptions, type Ending } from './child.js';
export { runningCommand } from './commands.js';
export { freePort, isPortFree } from './free-port.js';
export { findNatsServer, natsSources, type NatsBinaryOptions, type NatsSource } from './nats-binary.js';
export { natsConfig, startNatsServer, type NatsConfigOptions, type NatsPasswords, type NatsServer, type NatsServerOptions } from './nats-server.js';
export { startPostgres, type Postgres, type PostgresOptions } from './postgres.js';
export { cacheDir, projectDir } from './project-dir.js';
export { findS3Server, startS3Server, type S3Server, type S3ServerOptions } from './s3-server.js';
export { randomPasswords, startTestStack, type TestStack, type TestStackOptions } from './test-stack.js';
