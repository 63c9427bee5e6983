import { setTimeout as pause } from 'node:timers/promises';
import { ROOT_CONTEXT, SpanKind, SpanStatusCode, TraceFlags, trace, type Context, type Span } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { defaultResource, detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import { AlwaysOffSampler, AlwaysOnSampler, BatchSpanProcessor, ParentBasedSampler, TraceIdRatioBasedSampler, TracerProvider, type Sampler } from '@opentelemetry/sdk-trace';
import { Problem } from '#libs/domain';
import type { Logger } from './logging.js';
import { traceHeaders, withTrace, type OpenSpan, type SpanFacts, type SpanPlace, type Tracing } from './tracing.js';

/** A service that ends waits no longer for a collector that is away. */
const lastSpansMs = 2000;

const kinds = { server: SpanKind.SERVER, client: SpanKind.CLIENT, internal: SpanKind.INTERNAL } as const;

/** Spans to a collector over OTLP/HTTP, in batches, beside the work: a collector that is away costs spans and nothing else. */
export function otlpTracing({ service, region, logger }: { readonly service: string; readonly region: string; readonly logger: Logger }, env: NodeJS.ProcessEnv): Tracing {
  const resource = defaultResource()
    .merge(resourceFromAttributes({ 'service.name': `heliograph-${service}`, 'service.namespace': 'heliograph', 'heliograph.region': region }))
    .merge(detectResources({ detectors: [envDetector] }));
  const processor = new BatchSpanProcessor({ exporter: new OTLPTraceExporter(), scheduledDelayMillis: Number(env['OTEL_BSP_SCHEDULE_DELAY'] ?? 5000) });
  const provider = new TracerProvider({ resource, spanProcessors: [processor], sampler: samplerIn(env) });
  const tracer = provider.getTracer('heliograph');
  logger.info({ sampler: env['OTEL_TRACES_SAMPLER'] ?? 'parentbased_always_on' }, 'traces are sent to the collector');

  function begin(name: string, { kind = 'internal', parent = traceHeaders().traceparent, facts = {} }: SpanPlace = {}): OpenSpan {
    const span = tracer.startSpan(name, { kind: kinds[kind], attributes: { ...facts } }, contextOf(parent));
    return { traceparent: traceparentOf(span), end: (more, error) => { end(span, more, error); } };
  }

  return {
    isOn: true, begin,
    async inSpan(name, place, work) {
      const span = begin(name, place);
      try {
        const result = await withTrace(span, work);
        span.end();
        return result;
      } catch (error) {
        span.end({}, error);
        throw error;
      }
    },
    async close() {
      const sent = provider.shutdown().catch((error: unknown) => { logger.warn({ err: error }, 'the last spans could not be sent'); });
      await Promise.race([sent, pause(lastSpansMs, undefined, { ref: false })]);
    },
  };
}

/** A refusal is told by its code and a fault by its kind; their texts may hold what a request held. */
function end(span: Span, facts: SpanFacts = {}, error?: unknown): void {
  span.setAttributes({ ...facts });
  if (error !== undefined) {
    span.setAttribute('error.type', error instanceof Problem ? error.code : error instanceof Error ? error.name : 'unknown');
    if (!(error instanceof Problem)) span.setStatus({ code: SpanStatusCode.ERROR });
  }
  span.end();
}

const header = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

/** Only the ids of who asks are taken over, and whether it is sampled: `tracestate` and `baggage` hold whatever a client puts there. */
function contextOf(traceparent: string | undefined): Context {
  const [, traceId, spanId, flags] = header.exec(traceparent ?? '') ?? [];
  if (!traceId || !spanId || /^0+$/.test(traceId) || /^0+$/.test(spanId)) return ROOT_CONTEXT;
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags: Number.parseInt(flags ?? '0', 16) & TraceFlags.SAMPLED, isRemote: true });
}

function traceparentOf(span: Span): string {
  const { traceId, spanId, traceFlags } = span.spanContext();
  return `00-${traceId}-${spanId}-${(traceFlags & TraceFlags.SAMPLED).toString(16).padStart(2, '0')}`;
}

/** `OTEL_TRACES_SAMPLER` and its argument, as the specification names them; one that it does not name samples as the default does. */
function samplerIn(env: NodeJS.ProcessEnv): Sampler {
  const wanted = env['OTEL_TRACES_SAMPLER'] ?? '';
  const ratio = Number(env['OTEL_TRACES_SAMPLER_ARG'] ?? 1);
  const roots: Record<string, () => Sampler> = {
    always_on: () => new AlwaysOnSampler(), always_off: () => new AlwaysOffSampler(), traceidratio: () => new TraceIdRatioBasedSampler(Number.isFinite(ratio) ? ratio : 1),
  };
  const root = (roots[wanted.replace('parentbased_', '')] ?? roots['always_on'])?.() ?? new AlwaysOnSampler();
  return wanted in roots ? root : new ParentBasedSampler({ root });
}
