import { serve } from '#libs/platform';
import { hasCache } from './cache/open-cache.js';
import { GatewayConfig } from './config.js';
import { createHttpAdapter, installEdge } from './edge/http-server.js';
import { requestMetrics } from './edge/metrics.js';
import { keystoneIdentity, openGateway } from './gateway.js';
import { gatewayModule } from './gateway.module.js';
import { edgeRules } from './rules.js';

await serve({
  name: 'gateway',
  movesBytes: true,
  config: GatewayConfig,
  module: async (parts) => gatewayModule(await openGateway(parts)),
  http: {
    adapter: ({ config }) => createHttpAdapter({ hasCache: hasCache(config) }),
    configure: (app, parts) => installEdge(app, {
      identity: keystoneIdentity(parts), logger: parts.logger, rules: edgeRules(parts.config), onAnswered: requestMetrics(parts.metrics),
    }),
    address: ({ bindHost, bindPort }) => ({ host: bindHost, port: bindPort }),
  },
});
