import { openTarget, secretsAt, signedHeaders, type AuditEvent, type WebhookOutcome, type WebhookTarget, type WebhookWork } from '#libs/contracts';
import { Problem } from '#libs/domain';
import { postPinned, type Reach } from '#libs/download';

export interface DeliveryParts {
  readonly reach: Reach;
  readonly sealKey: string;
  readonly timeoutMs: number;
  clock(): Date;
  /** Told of each attempt: whether the receiver took the event, answered otherwise, or did not answer. */
  onAttempt?(outcome: AttemptOutcome, seconds: number): void;
}
export type AttemptOutcome = 'taken' | 'refused' | 'unanswered';

/**
 * Sends events to one receiver, one after another, until one is not taken. Where it goes is judged, looked up once and pinned for each of them, as for an import,
 * and no redirect is followed: it would be an answer like any other. Rejects with the reason of `signal` alone. Source: Standard Webhooks; DESIGN.md, promise 7.
 */
export async function deliver({ id, sealed, events }: WebhookWork, parts: DeliveryParts, signal: AbortSignal): Promise<WebhookOutcome[]> {
  const target = openTarget(parts.sealKey, id, sealed);
  const outcomes: WebhookOutcome[] = [];
  for (const event of events) {
    const began = performance.now();
    const outcome = target ? await post(id, target, event, parts, signal) : { eventId: event.id, statusCode: null, reason: 'Its secret cannot be opened with heliograph.seal_key. Register it anew.' };
    outcomes.push(outcome);
    parts.onAttempt?.(isTaken(outcome) ? 'taken' : outcome.statusCode === null ? 'unanswered' : 'refused', (performance.now() - began) / 1000);
    if (!isTaken(outcome)) break;
  }
  return outcomes;
}

const isTaken = ({ statusCode }: WebhookOutcome): boolean => statusCode !== null && statusCode >= 200 && statusCode < 300;

async function post(id: string, target: WebhookTarget, event: AuditEvent, { reach, timeoutMs, clock }: DeliveryParts, signal: AbortSignal): Promise<WebhookOutcome> {
  const body = JSON.stringify(event);
  // The same for every attempt, so that a receiver knows what it has seen.
  const headers = {
    ...signedHeaders(secretsAt(target, clock()), { id: `msg_${id}_${event.id}`, at: clock(), body }),
    'content-type': 'application/cloudevents+json; charset=utf-8', 'content-length': String(Buffer.byteLength(body)), 'user-agent': 'heliograph',
  };
  try {
    const { status } = await postPinned(target.url, reach, { headers, body, signal, answerTimeoutMs: timeoutMs });
    return { eventId: event.id, statusCode: status, reason: status >= 200 && status < 300 ? '' : `The receiver answered ${status}.` };
  } catch (error) {
    signal.throwIfAborted();
    return { eventId: event.id, statusCode: null, reason: reasonIn(error) };
  }
}

/** The words of what we refuse and of what the link did name no address. */
const reasonIn = (error: unknown): string => (error instanceof Problem || error instanceof Error ? error.message : 'It could not be reached.').slice(0, 500);
