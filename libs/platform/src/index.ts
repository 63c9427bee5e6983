export { answerCommands } from './answer-commands.js';
export { createBus, requestIdHeader, type AskOptions, type Bus, type BusOptions } from './ask.js';
export {
  ConfigFaults, Option, describeOptions, readConfig, sectionsOf, variableOf, type DescribedOption, type OptionFacts,
} from './config.js';
export { dataOptions } from './data-options.js';
export { createReadiness, serveOperations, type Check, type Operations, type Readiness, type ReadinessReport } from './health.js';
export { ImportFilterConfig } from './import-filter-config.js';
export { createLogger, currentRequestId, nestLogger, requestContext, type Logger, type RequestContext } from './logging.js';
export { leaseMetrics } from './lease-metrics.js';
export { measuredGauges, type Measured, type MeasuredGauge } from './measured.js';
export { createMetrics } from './metrics.js';
export { OperatorConfig, runOperatorCommand, type OperatorCommand, type OperatorTools } from './operator.js';
export { notificationOptions } from './notification-options.js';
export { progressTeller } from './progress.js';
export { readModelReached, type Reached } from './reached.js';
export { serve, type HttpDefinition, type ServiceDefinition, type ServiceParts } from './serve.js';
export { ServiceConfig, logLevels, type LogLevel } from './service-config.js';
export { createShutdown, type Shutdown } from './shutdown.js';
export { openTracing } from './open-tracing.js';
export { inSameTrace, noTracing, traceHeaders, withRequestId, withTrace, type OpenSpan, type SpanFacts, type SpanPlace, type Tracing } from './tracing.js';
export { TransferRefusals, createTransferAdapter } from './transfer-server.js';
