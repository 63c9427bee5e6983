import type { Msg, NatsConnection } from '@nats-io/transport-node';
import type { ImageEvent } from './event.js';
import { Refused, type Delivery, type Position, type Source } from './source.js';

export interface NatsSourceOptions {
  readonly servers: string | readonly string[];
  readonly region: string;
  /** The project that the token is scoped to. */
  readonly projectId: string;
  /** What this consumer is called: 1 to 32 letters, digits and dashes. One process at a time may have it. */
  readonly name: string;
  /** `public`: of public images, whosever they are. */
  readonly hears?: 'project' | 'public';
  /** A token that is good now. Asked before each connection. */
  token(): Promise<string>;
  /** Nothing is heard for so long, not even a sign of life: the connection is dead. The server sends one every five seconds. */
  readonly silenceMs?: number;
}

/** The audit stream in NATS. Positions are sequences of the stream. Needs the package @nats-io/transport-node. */
export function natsSource(options: NatsSourceOptions): Source {
  const { region, projectId, name, hears = 'project', silenceMs = 20_000 } = options;
  const subject = `heard.${region}.${Buffer.from(projectId, 'utf8').toString('base64url')}.${hears}.${name}`;

  async function connect(position: Position): Promise<NatsConnection> {
    const nats = await import('@nats-io/transport-node');
    const at = position === 'beginning' ? '' : `@${position}`;
    try {
      return await nats.connect({
        servers: [options.servers].flat() as string[], user: `${hears === 'public' ? 'public/' : ''}${name}${at}`, pass: await options.token(),
        // A connection that is made anew must begin where this consumer has come to meanwhile.
        reconnect: false, timeout: 10_000,
      });
    } catch (error) {
      throw /permission|invalid/i.test(String(error)) ? new Refused(`the NATS server refuses consumer ${name}: ${String(error)}`) : error;
    }
  }

  async function* from(position: Position, signal: AbortSignal): AsyncGenerator<Delivery> {
    const connection = await connect(position);
    const messages = connection.subscribe(subject);
    let lastHeardAt = Date.now();
    const watch = setInterval(() => { if (Date.now() - lastHeardAt > silenceMs) messages.unsubscribe(); }, 1000);
    const stop = (): void => { messages.unsubscribe(); };
    signal.addEventListener('abort', stop, { once: true });
    try {
      for await (const message of messages) {
        lastHeardAt = Date.now();
        const sequence = sequenceOf(message);
        if (sequence !== undefined) yield { event: message.json<ImageEvent>(), position: sequence };
      }
      if (!signal.aborted) throw new Error(connection.isClosed() ? 'the connection to NATS was closed' : `nothing was heard from NATS for ${silenceMs} ms`);
    } finally {
      clearInterval(watch);
      signal.removeEventListener('abort', stop);
      await connection.close();
    }
  }

  return { from };
}

/** `$JS.ACK.<stream>.<consumer>.<delivered>.<sequence>.<…>.<time>.<pending>`; a sign of life has none. */
function sequenceOf({ reply, data }: Msg): string | undefined {
  const parts = reply?.split('.') ?? [];
  return parts[0] === '$JS' && parts[1] === 'ACK' && data.length > 0 ? parts.at(-4) : undefined;
}
