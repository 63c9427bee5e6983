import { AsyncLocalStorage } from 'node:async_hooks';
import type { LoggerService } from '@nestjs/common';
import { pino, type DestinationStream, type Logger as PinoLogger } from 'pino';

export type Logger = PinoLogger;

/** What travels with one request through a process: its log lines and the questions it asks carry this id; they continue this trace. */
export interface RequestContext {
  readonly requestId?: string;
  /** The span in force, as a W3C `traceparent`. */
  readonly traceparent?: string;
}

export const requestContext = new AsyncLocalStorage<RequestContext>();

export const currentRequestId = (): string | undefined => requestContext.getStore()?.requestId;

const secretNames = ['authorization', 'password', 'token', '["x-auth-token"]', '["x-service-token"]', '["X-Auth-Token"]', '["X-Service-Token"]', 'Authorization'];
const secretPaths = secretNames.flatMap((name) => ['', '*', '*.*'].map((prefix) => (prefix && !name.startsWith('[') ? `${prefix}.${name}` : `${prefix}${name}`)));

/** JSON lines on standard output, each with service, region and, inside a request, its id. Tokens and passwords never get into one. */
export function createLogger(facts: { service: string; region: string; level: string }, destination?: DestinationStream): Logger {
  const options = {
    level: facts.level,
    base: { service: facts.service, region: facts.region, pid: process.pid },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: { paths: secretPaths, censor: '***' },
    mixin: () => {
      const requestId = currentRequestId();
      return requestId === undefined ? {} : { request_id: requestId };
    },
  };
  return pino(options, destination ?? standardOutput());
}

function standardOutput(): DestinationStream {
  const output = writtenTogether(descriptor(1));
  process.once('exit', () => output.flushSync());
  return output;
}

/** A full disk takes no lines, and ends no service: they wait for room, a MiB of them, and what comes beyond is not told. */
export function descriptor(fd: number): DestinationStream {
  return pino.destination({ fd, sync: true, maxLength: 2 ** 20 }).on('error', () => undefined);
}

/** Lines of one turn of the event loop are written together, since a system call costs more than a line. `flushSync` writes what waits. */
export function writtenTogether(output: DestinationStream): DestinationStream & { flushSync(): void } {
  let lines = '';
  const flushSync = (): void => {
    const due = lines;
    lines = '';
    if (due !== '') output.write(due);
  };
  return {
    flushSync,
    write(line) {
      if (lines === '') setImmediate(flushSync);
      lines += line;
    },
  };
}

/** Nest's own lines, in the same form. Its start-up chatter is of use to nobody but us, so it goes to debug. */
export function nestLogger(logger: Logger): LoggerService {
  const line = (level: 'debug' | 'warn' | 'error' | 'trace' | 'fatal') => (message: unknown, ...rest: unknown[]) => {
    const facts = message instanceof Error ? { err: message } : {};
    logger[level]({ ...facts, nest: rest.filter((each) => typeof each === 'string') }, message instanceof Error ? message.message : String(message));
  };
  return { log: line('debug'), warn: line('warn'), error: line('error'), debug: line('debug'), verbose: line('trace'), fatal: line('fatal') };
}
