import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { Msg, NatsConnection } from '@nats-io/transport-node';
import { followedSubject, followSubject, type AuditEvent, type Followed, type Hearing } from '#libs/contracts';

export interface FollowRegionOptions {
  readonly connection: NatsConnection;
  /** The region that hears. */
  readonly region: string;
  /** The region whose audit stream is followed. */
  readonly from: string;
  readonly hears: Hearing;
  /** Where it was left, in the stream of that region; undefined: from now on. */
  readonly after?: number;
  /** Each event once, in the order of the stream, with its place in it. */
  onEvent(event: AuditEvent, sequence: number): void;
  /** From now on everything is heard. `isWhole`: and nothing was missed since `after`, or since it was heard last. */
  onLive(isWhole: boolean, sequence: number): void;
  /** Nothing is heard, for this reason, until `onLive` is called again. */
  onLost(reason: string): void;
  /** How long nothing may be heard, not even the sign of life that comes every five seconds. */
  readonly silenceMs?: number;
  readonly againAfterMs?: number;
}

/**
 * Hears the derived audit stream of another region over a link between the NATS servers, until `signal` aborts. It keeps its place: where the link was cut, a
 * message was lost or the other side began anew, it asks again from there. Never rejects.
 */
export async function followRegion(options: FollowRegionOptions, signal: AbortSignal): Promise<void> {
  const place: Place = options.after === undefined ? {} : { sequence: options.after };
  while (!signal.aborted) {
    const reason = await followOnce(options, place, signal).catch((error: unknown) => (error instanceof Error ? error.message : String(error)));
    if (signal.aborted) return;
    options.onLost(reason);
    const { againAfterMs = 2_000 } = options;
    // Somebody has to change something there first.
    await pause(place.isRefused ? 30 * againAfterMs : againAfterMs, undefined, { signal }).catch(() => undefined);
  }
}

const answerWithinMs = 3_000;

interface Place { sequence?: number; isRefused?: boolean }

/** Gives the reason why it ended. */
async function followOnce(options: FollowRegionOptions, place: Place, signal: AbortSignal): Promise<string> {
  const { connection, region, from, hears, silenceMs = 16_000 } = options;
  const id = randomUUID();
  const messages = connection.subscribe(followedSubject(from, region, id));
  let reason: string | undefined;
  const end = (why: string): void => {
    reason ??= why;
    messages.unsubscribe();
  };
  let lastHeardAt = performance.now();
  // A wish may be sent before the other server knows that somebody listens, and its answer goes nowhere then.
  let patienceMs = Math.min(silenceMs, answerWithinMs);
  const watch = setInterval(() => { if (performance.now() - lastHeardAt > patienceMs) end(`nothing was heard from region ${from} for ${patienceMs} ms`); }, 500);
  const stop = (): void => { end('it is over'); };
  signal.addEventListener('abort', stop, { once: true });
  try {
    // What is asked for must not be told before the servers know that somebody listens here.
    await connection.flush();
    connection.publish(followSubject(from, region), JSON.stringify({ id, after: place.sequence ?? 'latest', hears }));
    const hear = hearing(options, place);
    for await (const message of messages) {
      lastHeardAt = performance.now();
      patienceMs = silenceMs;
      const fault = hear(message);
      if (fault !== undefined) end(fault);
    }
    return reason ?? 'the connection to NATS was closed';
  } finally {
    clearInterval(watch);
    signal.removeEventListener('abort', stop);
    messages.unsubscribe();
  }
}

/** Takes what is told, one message after another; gives the reason why what follows cannot be relied on. */
function hearing({ from, onEvent, onLive }: FollowRegionOptions, place: Place): (message: Msg) => string | undefined {
  let [heard, last] = [0, 0];
  const lost = (count: number): string | undefined => (count === 0 ? undefined : `${count} messages of region ${from} were lost`);

  function hearEvent(message: Msg, { sequence, number }: Delivery): string | undefined {
    if (number !== heard + 1) return lost(number - heard - 1);
    heard = number;
    if (sequence <= (place.sequence ?? -1)) return undefined;
    place.sequence = last = sequence;
    onEvent(message.json<AuditEvent>(), sequence);
    return undefined;
  }
  function hearAnswer(said: Followed): string | undefined {
    place.isRefused = 'refused' in said;
    if ('refused' in said) return said.refused;
    const { isWhole, after } = said.following;
    place.sequence = Math.max(isWhole ? place.sequence ?? 0 : last, after);
    onLive(isWhole, place.sequence);
    return undefined;
  }
  return (message) => {
    const delivery = deliveryOf(message);
    if (delivery) return hearEvent(message, delivery);
    return message.data.length > 0 ? hearAnswer(message.json<Followed>()) : lost(lastSent(message, heard) - heard);
  };
}

/** A sign of life says how much was sent before it. */
const lastSent = ({ headers }: Msg, otherwise: number): number => Number(headers?.get('Nats-Last-Consumer') || otherwise);

interface Delivery { readonly sequence: number; readonly number: number }

/** `$JS.ACK.<stream>.<consumer>.<delivered>.<sequence in the stream>.<number of the delivery>.<time>.<pending>`; nothing else has one. */
function deliveryOf({ reply = '', data }: Msg): Delivery | undefined {
  const parts = reply.split('.');
  if (parts[0] !== '$JS' || parts[1] !== 'ACK' || data.length === 0) return undefined;
  return { sequence: Number(parts.at(-4)), number: Number(parts.at(-3)) };
}
