import http from 'node:http';
import https from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Exchange {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

export interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  /** The parsed JSON; undefined when there was none. */
  readonly body: unknown;
}

/** A catalogue of hundreds of endpoints stays well below this; what is larger is not a token. */
const largestAnswerBytes = 4 * 1024 * 1024;

/** A client for JSON over few connections that are kept open: a flood of unknown tokens queues here and not at Keystone. */
export function createHttpClient(timeoutMs: number, carried: () => Readonly<Record<string, string>> = () => ({})): (exchange: Exchange) => Promise<Answer> {
  const options = { keepAlive: true, maxSockets: 32, scheduling: 'lifo' } as const;
  const agents = { 'http:': new http.Agent(options), 'https:': new https.Agent(options) };

  return (exchange) => new Promise((resolve, reject) => {
    const url = new URL(exchange.url);
    const secure = url.protocol === 'https:';
    const body = exchange.body === undefined ? undefined : JSON.stringify(exchange.body);
    const request = (secure ? https : http).request(url, {
      method: exchange.method,
      agent: agents[secure ? 'https:' : 'http:'],
      headers: { accept: 'application/json', ...carried(), ...exchange.headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      signal: AbortSignal.timeout(timeoutMs),
    });
    request.on('error', reject);
    request.on('response', (response) => {
      readJson(response).then((json) => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: json }), reject);
    });
    request.end(body);
  });
}

async function readJson(response: http.IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length;
    if (sizeBytes > largestAnswerBytes) throw new Error(`the answer is larger than ${largestAnswerBytes} bytes`);
    chunks.push(chunk);
  }
  if (sizeBytes === 0 || !/json/.test(response.headers['content-type'] ?? '')) return undefined;
  return JSON.parse(Buffer.concat(chunks).toString('utf8')) as unknown;
}

/** Asks again when Keystone does not answer, answers 429, or with a status of 500 and more; the last answer or error stands. */
export function retried(send: (exchange: Exchange) => Promise<Answer>) {
  return async (exchange: Exchange): Promise<Answer> => {
    for (const pauseMs of pausesMs) {
      const answer = await send(exchange).catch(() => undefined);
      if (answer && answer.status < 500 && answer.status !== 429) return answer;
      await sleep(pauseMs);
    }
    return send(exchange);
  };
}

const pausesMs = [100, 400];

/** Where the Identity API v3 answers; with or without `/v3` at the end of what is given. */
export const identityUrlOf = (authUrl: string): string => `${authUrl.replace(/\/+$/, '').replace(/\/v3$/, '')}/v3`;
