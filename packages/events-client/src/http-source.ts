import type { ImageEvent } from './event.js';
import { Refused, type Delivery, type Position, type Source } from './source.js';
import { serverSentEvents } from './server-sent-events.js';

export interface HttpSourceOptions {
  /** The image service, as the catalogue of Keystone names it, with or without `/v2` at its end. */
  readonly url: string;
  /** A token that is good now. Asked before each connection. */
  token(): Promise<string>;
  /** Filters of `GET /v2/events`: image_id, type, actor, project_id, all_projects. */
  readonly query?: Readonly<Record<string, string>>;
  /** Nothing is heard for so long, not even a comment: the connection is dead. The service sends one every 15 seconds. */
  readonly silenceMs?: number;
}

interface Page { readonly events: readonly ImageEvent[]; readonly cursor: string; readonly next?: string }

/** The feed over HTTP: pages until there are no more, then Server-Sent Events. Positions are ids of events. */
export function httpSource({ url, token, query = {}, silenceMs = 45_000 }: HttpSourceOptions): Source {
  const base = `${url.replace(/\/+$/, '').replace(/\/v2$/, '')}/v2/events`;

  async function ask(parameters: Readonly<Record<string, string>>, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<Response> {
    const asked = new URLSearchParams({ ...query, ...parameters });
    const response = await fetch(`${base}?${asked.toString()}`, { headers: { 'x-auth-token': await token(), ...headers }, signal });
    if (response.ok) return response;
    const text = (await response.text()).slice(0, 500);
    const message = `${base} answered ${response.status}: ${text.replaceAll(/<[^>]*>|\s+/g, ' ').trim()}`;
    // A token may have ended, a seat may become free, a service may come back; nothing else becomes better by waiting.
    throw [400, 403, 404].includes(response.status) ? new Refused(message) : new Error(message);
  }

  const page = async (after: string | undefined, signal: AbortSignal): Promise<Page> =>
    await (await ask({ limit: '1000', ...(after === undefined ? {} : { after }) }, { accept: 'application/json' }, AbortSignal.any([signal, AbortSignal.timeout(60_000)]))).json() as Page;

  async function* from(position: Position, signal: AbortSignal): AsyncGenerator<Delivery> {
    let after = position === 'beginning' ? undefined : position;
    for (let hasMore = true; hasMore && !signal.aborted;) {
      const { events, cursor, next } = await page(after, signal);
      for (const event of events) yield { event, position: event.id };
      if (cursor !== after) yield { position: cursor };
      after = cursor;
      hasMore = next !== undefined;
    }
    yield* live(after ?? '0-0', signal);
  }

  async function* live(after: string, signal: AbortSignal): AsyncGenerator<Delivery> {
    const silence = new AbortController();
    let timer = setTimeout(() => { silence.abort(new Error(`nothing was heard for ${silenceMs} ms`)); }, silenceMs);
    const heard = (): void => { timer = timer.refresh(); };
    try {
      const response = await ask({}, { accept: 'text/event-stream', 'last-event-id': after }, AbortSignal.any([signal, silence.signal]));
      for await (const { id, event, data } of serverSentEvents(response, heard)) {
        if (event === 'end') return;
        if (id !== undefined) yield { event: JSON.parse(data) as ImageEvent, position: id };
      }
    } finally {
      clearTimeout(timer);
      silence.abort();
    }
  }

  return { from };
}
