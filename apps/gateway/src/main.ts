import type { Identity } from '#libs/identity';
import { serve } from '#libs/platform';
import { hasCache } from './cache/open-cache.js';
import { GatewayConfig } from './config.js';
import { createHttpAdapter, installEdge } from './edge/http-server.js';
import { requestMetrics } from './edge/metrics.js';
import { openGateway } from './gateway.js';
import { gatewayModule } from './gateway.module.js';
import { edgeRules } from './rules.js';
import { IDENTITY } from './tokens.js';

await serve({
  name: 'gateway',
  movesBytes: true,
  config: GatewayConfig,
  module: async (parts) => gatewayModule(await openGateway(parts)),
  http: {
    adapter: ({ config }) => createHttpAdapter({ hasCache: hasCache(config) }),
    configure: (app, parts) => installEdge(app, {
      identity: app.get<Identity>(IDENTITY), tracing: parts.bus.tracing, logger: parts.logger, rules: edgeRules(parts.config), onAnswered: requestMetrics(parts.metrics),
    }),
    address: ({ bindHost, bindPort }) => ({ host: bindHost, port: bindPort }),
  },
});
