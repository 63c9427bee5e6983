import { Histogram, type Registry } from 'prom-client';
import type { EdgeParts } from './http-server.js';

/** Counts and times every answer by route, method and status. The route is the pattern, so that no id ever becomes a label. */
export function requestMetrics(registry: Registry): NonNullable<EdgeParts['onAnswered']> {
  const seconds = new Histogram({
    name: 'heliograph_http_request_seconds', help: 'How long requests took, from their arrival to the end of the answer.',
    labelNames: ['route', 'method', 'status'], buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 30, 300], registers: [registry],
  });
  return (route, method, status, elapsed) => seconds.observe({ route, method, status }, elapsed);
}
