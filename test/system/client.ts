import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { Region } from './region.js';

export interface Answer {
  readonly status: number;
  readonly bytes: Buffer;
  /** The body as JSON; throws where it is none. */
  json<Shape = ImageView>(): Shape;
}

export interface ImageView {
  readonly id: string;
  readonly name: string;
  readonly status: string;
  readonly tags: readonly string[];
  readonly size: number | null;
  readonly checksum: string | null;
  readonly os_hash_value: string | null;
  readonly [property: string]: unknown;
}

export interface AskOptions {
  /** Bytes as they are, anything else as JSON. */
  readonly body?: unknown;
  readonly key?: string;
  readonly timeoutMs?: number;
}

/** A user of the Image API, over HTTP alone. */
export interface Client {
  readonly token: string;
  /** Asks once. Rejects where no answer came. */
  ask(method: string, path: string, options?: AskOptions): Promise<Answer>;
  /** Asks with one Idempotency-Key until an answer came that is not 503; rejects after `withinMs`. What a careful client does. */
  askUntilAnswered(method: string, path: string, options?: AskOptions & { withinMs?: number }): Promise<Answer>;
}

export type Place = Pick<Region, 'url' | 'identityUrl' | 'password'>;

export const patchType = 'application/openstack-images-v2.1-json-patch';

/** Signs in with the project of the user's own name. */
export async function signIn({ url, identityUrl, password }: Place, userName = 'demo'): Promise<Client> {
  const domain = { id: 'default' };
  const response = await fetch(`${identityUrl}/auth/tokens`, {
    method: 'POST', headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ auth: {
      identity: { methods: ['password'], password: { user: { name: userName, domain, password } } }, scope: { project: { name: userName, domain } },
    } }),
  });
  const token = response.headers.get('x-subject-token');
  if (!token) throw new Error(`${userName} cannot sign in: ${response.status} ${await response.text()}`);

  async function ask(method: string, path: string, { body, key, timeoutMs = 30_000 }: AskOptions = {}): Promise<Answer> {
    const response = await fetch(url + path, {
      method, signal: AbortSignal.timeout(timeoutMs),
      headers: { 'x-auth-token': token ?? '', ...contentType(method, body), ...(key === undefined ? {} : { 'idempotency-key': key }) },
      ...(body === undefined ? {} : { body: Buffer.isBuffer(body) ? new Uint8Array(body) : JSON.stringify(body) }),
    });
    const bytes = Buffer.from(await response.arrayBuffer());
    return { status: response.status, bytes, json: <Shape>() => JSON.parse(bytes.toString('utf8')) as Shape };
  }

  async function askUntilAnswered(method: string, path: string, { withinMs = 60_000, ...options }: AskOptions & { withinMs?: number } = {}): Promise<Answer> {
    const deadline = performance.now() + withinMs;
    const asked = { key: randomUUID(), ...options };
    let last = '';
    while (performance.now() < deadline) {
      try {
        const answer = await ask(method, path, asked);
        if (answer.status !== 503) return answer;
        last = `503 ${answer.bytes.toString('utf8')}`;
      } catch (error) {
        last = String((error as Error).cause ?? error);
      }
      await pause(100);
    }
    throw new Error(`${method} ${path} was not answered within ${withinMs} ms; at last: ${last}`);
  }
  return { token, ask, askUntilAnswered };
}

function contentType(method: string, body: unknown): Record<string, string> {
  if (body === undefined) return {};
  if (Buffer.isBuffer(body)) return { 'content-type': 'application/octet-stream' };
  return { 'content-type': method === 'PATCH' ? patchType : 'application/json' };
}
