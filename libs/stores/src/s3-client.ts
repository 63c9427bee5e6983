import { Agent as HttpAgent, request as httpRequest, type ClientRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { Client, type ClientOptions } from 'minio';
import type { S3Options } from './s3-options.js';

/** For how long a server may say nothing and take nothing before it counts as gone. */
const silenceMs = 30_000;
/** A server may put a large object together before it answers at all. */
const completionMs = 600_000;

export interface S3Clients {
  /** A client whose requests all end when the signal says so. They share connections. */
  client(signal?: AbortSignal): Client;
  /** The same for what a reader takes at its own pace: only the wait for an answer is bounded. */
  downloadClient(signal?: AbortSignal): Client;
}

/** An answer that the client would swallow: it keeps neither the code nor the connection of one that could be repeated. */
export class S3Answer extends Error {
  override readonly name = 'S3Answer';
  constructor(readonly code: string, readonly statusCode: number) {
    super(`S3 answered ${statusCode} ${code}`);
  }
}

/** Clients for one server. Repeating is left to `asking`: the client's own repetition writes to the console. */
export function s3Clients(options: S3Options): S3Clients {
  const { protocol, hostname, port } = options.endpoint;
  const isSecure = protocol === 'https:';
  const agent = isSecure ? new HttpsAgent({ keepAlive: true, maxFreeSockets: 32 }) : new HttpAgent({ keepAlive: true, maxFreeSockets: 32 });
  const start: Start = isSecure ? httpsRequest : httpRequest;
  const common: ClientOptions = {
    endPoint: hostname, useSSL: isSecure, ...(port === '' ? {} : { port: Number(port) }),
    accessKey: options.accessKey, secretKey: options.secretKey, region: options.regionName, pathStyle: options.bucketUrlFormat !== 'virtual',
    partSize: options.chunkBytes, transportAgent: agent, retryOptions: { disableRetry: true },
  };
  const clientWith = (way: { isDownload: boolean; signal?: AbortSignal }): Client =>
    new Client({ ...common, transport: { request: requester(start, way) as typeof httpRequest } });
  const given = (signal?: AbortSignal): { signal?: AbortSignal } => (signal ? { signal } : {});
  return {
    client: (signal) => clientWith({ isDownload: false, ...given(signal) }),
    downloadClient: (signal) => clientWith({ isDownload: true, ...given(signal) }),
  };
}

type Start = (options: RequestOptions, onResponse: (response: IncomingMessage) => void) => ClientRequest;

const requester = (start: Start, { isDownload, signal }: { isDownload: boolean; signal?: AbortSignal }): Start => (options, onResponse) => {
  const request = start({ ...options, ...(signal ? { signal } : {}) }, (response) => {
    const { statusCode = 0 } = response;
    if (isSwallowed(statusCode)) void codeOf(response).then((code) => request.emit('error', new S3Answer(code, statusCode)));
    else {
      if (isDownload) request.setTimeout(0);
      onResponse(response);
    }
  });
  const timeoutMs = options.method === 'POST' ? completionMs : silenceMs;
  request.setTimeout(timeoutMs, () => {
    request.destroy(Object.assign(new Error(`S3 was silent for ${timeoutMs / 1000} s`), { code: 'ETIMEDOUT' }));
  });
  return request;
};

const isSwallowed = (statusCode: number): boolean => statusCode >= 500 || statusCode === 408 || statusCode === 429 || statusCode === 499;

/** The code of an error's XML, from as much of it as an error may be long; reads to the end, so that the connection can be used again. */
async function codeOf(response: IncomingMessage): Promise<string> {
  let text = '';
  try {
    for await (const chunk of response) {
      if (text.length < 65_536) text += String(chunk);
    }
  } catch {
    // What was said before the connection broke is enough.
  }
  return /<Code>(\w{1,64})<\/Code>/.exec(text)?.[1] ?? '';
}
