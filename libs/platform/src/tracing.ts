import { requestContext } from './logging.js';

export type SpanValue = string | number | boolean;

/** What a span may say. Names of routes and commands, codes, counts: never a token, a URI, a person's value, or the text of an error. */
export type SpanFacts = Readonly<Record<string, SpanValue>>;

export interface OpenSpan {
  /** What others continue from, as the W3C header `traceparent`; undefined where nothing is traced. */
  readonly traceparent?: string;
  /** Ends it; with what went wrong where something did. */
  end(facts?: SpanFacts, error?: unknown): void;
}

export interface SpanPlace {
  /** Whether it answers somebody, asks somebody, or neither. */
  readonly kind?: 'server' | 'client' | 'internal';
  /** What it continues: a `traceparent` that somebody sent; the one in force unless told. What is none begins a trace. */
  readonly parent?: string | undefined;
  readonly facts?: SpanFacts;
}

/** Where the time of a request goes, over all services. Where it is off, work is only done. */
export interface Tracing {
  readonly isOn: boolean;
  /** A span that its caller ends. */
  begin(name: string, place?: SpanPlace): OpenSpan;
  /** Does work in a span of its own, which is in force for what the work begins. */
  inSpan<Result>(name: string, place: SpanPlace, work: () => Promise<Result>): Promise<Result>;
  /** Sends what has not been sent yet. */
  close(): Promise<void>;
}

const nothing: OpenSpan = { end: () => undefined };

export const noTracing: Tracing = { isOn: false, begin: () => nothing, inSpan: (_name, _place, work) => work(), close: () => Promise.resolve() };

/** The trace that this code runs in, to be sent along; nothing where none is traced. */
export function traceHeaders(): { readonly traceparent?: string } {
  const traceparent = requestContext.getStore()?.traceparent;
  return traceparent === undefined ? {} : { traceparent };
}

/** A span of a trace that is under way, and none where nobody traces: what a service asks again and again by itself is nobody's request. */
export const inSameTrace = <Result>(tracing: Tracing, name: string, place: SpanPlace, work: () => Promise<Result>): Promise<Result> =>
  (place.parent ?? traceHeaders().traceparent ?? '') === '' ? work() : tracing.inSpan(name, place, work);

/** Runs work with a request's id for its log lines and questions, in the trace that is in force. */
export const withRequestId = <Result>(requestId: string, work: () => Result): Result => requestContext.run({ ...traceHeaders(), requestId }, work);

/** Runs work in somebody's trace, with the request id that is in force. */
export const withTrace = <Result>({ traceparent }: { readonly traceparent?: string }, work: () => Result): Result =>
  traceparent === undefined ? work() : requestContext.run({ ...requestContext.getStore(), traceparent }, work);
