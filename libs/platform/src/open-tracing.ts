import type { Logger } from './logging.js';
import { noTracing, type Tracing } from './tracing.js';

/**
 * Traces to a collector where the standard variables name one (`OTEL_EXPORTER_OTLP_ENDPOINT` or `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`, or `OTEL_TRACES_EXPORTER=otlp`
 * for the usual place), and `OTEL_SDK_DISABLED` does not forbid it. Else nothing is even loaded.
 */
export async function openTracing(who: { readonly service: string; readonly region: string; readonly logger: Logger }, env: NodeJS.ProcessEnv = process.env): Promise<Tracing> {
  if (!isWanted(env)) return noTracing;
  const { otlpTracing } = await import('./otlp-tracing.js');
  return otlpTracing(who, env);
}

function isWanted(env: NodeJS.ProcessEnv): boolean {
  const exporter = env['OTEL_TRACES_EXPORTER'] ?? '';
  if (env['OTEL_SDK_DISABLED']?.toLowerCase() === 'true' || !['', 'otlp'].includes(exporter)) return false;
  return exporter === 'otlp' || [env['OTEL_EXPORTER_OTLP_ENDPOINT'], env['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT']].some(Boolean);
}
