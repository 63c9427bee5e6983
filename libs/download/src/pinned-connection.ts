import { lookup } from 'node:dns/promises';
import { Agent as HttpAgent, request as httpRequest, type ClientRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { AddressRules } from './address-rules.js';
import { parseAddress } from './addresses.js';
import { errnoOf } from './errno.js';
import { LinkFailure, linkFailureOf } from './link-failure.js';
import { notAllowed, type AllowedUri, type UriFilter } from './uri-filter.js';

/** All addresses of a name, in the order in which they are to be tried. */
export type Resolver = (host: string) => Promise<readonly string[]>;

/** Where a connection may go. */
export interface Reach {
  readonly filter: UriFilter;
  readonly addressRules: AddressRules;
  /** The system's own resolver where it is left out. */
  readonly resolve?: Resolver;
  /** Certificate authorities in PEM, instead of the well-known ones. */
  readonly trustedCertificates?: string;
}

export interface GetRequest {
  readonly headers: Readonly<Record<string, string>>;
  /** Ends the request at any moment, also while its body arrives. */
  readonly signal: AbortSignal;
  /** How long looking up, connecting, TLS and all headers may take together. */
  readonly answerTimeoutMs: number;
}

/** What is sent instead of asked for. */
export interface PostRequest extends GetRequest { readonly body: string }

export interface PinnedAnswer { readonly address: string; readonly response: IncomingMessage }

const maxHeaderBytes = 16 * 1024;
const systemResolver: Resolver = async (host) => (await lookup(host, { all: true, order: 'verbatim' })).map(({ address }) => address);

/** One GET at a host that a tenant named. The name is looked up once, every address is judged, and the connection goes to exactly one of the judged
 *  addresses, whatever the name says a moment later; TLS still verifies the name. No proxy of the environment, no connection used twice.
 *  Refuses: UriNotAllowed. Fails with LinkFailure, or with the signal's reason. Source: LP 2161330; DESIGN.md, promise 7. */
export async function getPinned(uri: AllowedUri, reach: Reach, request: GetRequest | PostRequest): Promise<PinnedAnswer> {
  const { address, value } = await pinned(uri, reach, request, (judged, stopHere) => connect(uri, judged, reach, request, stopHere));
  return { address, response: value };
}

/** One PUT in the same way, connected and open for its body, which is then sent once: nobody knows what became of a part of it. */
export async function putPinned(uri: AllowedUri, reach: Reach, request: GetRequest): Promise<ClientRequest> {
  const { value } = await pinned(uri, reach, request, (judged, stopHere) => connected(open(uri, judged, reach, { method: 'PUT', headers: request.headers }), stopHere));
  return value;
}

interface Pinned<Value> { readonly address: string; readonly value: Value }

/** The name is looked up once, every address judged, and the first that takes the connection is it. */
function pinned<Value>(uri: AllowedUri, reach: Reach, request: Pick<GetRequest, 'answerTimeoutMs' | 'signal'>, reached: (address: string, stopHere: AbortSignal) => Promise<Value>): Promise<Pinned<Value>> {
  return within(request.answerTimeoutMs, request.signal, async (stop) => {
    const addresses = await unlessStopped(stop, judgedAddresses(uri, reach));
    // Each gets its share of the time: a silent address must not use up that of the next.
    return firstAnswer(addresses, (address) => within(request.answerTimeoutMs / addresses.length, stop, (stopHere) => reached(address, stopHere)));
  });
}

/** One POST, in the same way: judged, pinned, and no redirect followed. Refuses and fails as `getPinned`. */
export async function postPinned(uri: string, reach: Reach, request: PostRequest): Promise<{ readonly status: number }> {
  const { response } = await getPinned(reach.filter.check(uri), reach, request);
  // What a receiver says beside its status is nobody's business, and may have no end.
  response.destroy();
  return { status: response.statusCode ?? 0 };
}

/** What can be said of a URI before anything is fetched, so that a request can be refused at once. What is allowed now is judged again when it is
 *  fetched, so a look-up that fails or takes too long refuses nothing. Refuses: UriNotAllowed. */
export async function throwIfOutOfReach(uri: string, reach: Reach, timeoutMs = 5000): Promise<void> {
  const allowed = reach.filter.check(uri);
  try {
    await within(timeoutMs, new AbortController().signal, (stop) => unlessStopped(stop, judgedAddresses(allowed, reach)));
  } catch (error) {
    if (!(error instanceof LinkFailure)) throw error;
  }
}

/** Runs work that ends when its time is over or the signal says so, and tells what went wrong in words without addresses. */
async function within<Value>(timeoutMs: number, signal: AbortSignal, work: (stop: AbortSignal) => Promise<Value>): Promise<Value> {
  const deadline = new AbortController();
  const timer = setTimeout(() => { deadline.abort(new LinkFailure(`the server did not answer within ${timeoutMs / 1000} seconds`, true)); }, timeoutMs);
  const stop = AbortSignal.any([signal, deadline.signal]);
  try {
    return await work(stop);
  } catch (error) {
    stop.throwIfAborted();
    throw linkFailureOf(error);
  } finally {
    clearTimeout(timer);
  }
}

/** A name that does not exist and one that leads inside are refused with one sentence: a tenant shall not learn which names there are in here. */
async function judgedAddresses(uri: AllowedUri, { filter, addressRules, resolve = systemResolver }: Reach): Promise<readonly string[]> {
  const addresses = parseAddress(uri.host) ? [uri.host] : await lookedUp(uri.host, resolve);
  const isAllowed = (address: string): boolean => !filter.forbidsAddress(address) && (uri.isTrustedHost || addressRules.allows(address));
  // One address that is not allowed spoils the name: no honest host lies both inside and outside.
  if (addresses.length === 0 || !addresses.every(isAllowed)) throw notAllowed(`its host ${uri.host} was not found or lies where images may not come from`);
  return addresses;
}

async function lookedUp(host: string, resolve: Resolver): Promise<readonly string[]> {
  try {
    return await resolve(host);
  } catch (error) {
    if (['ENOTFOUND', 'ENODATA'].includes(errnoOf(error))) return [];
    throw new LinkFailure('the name of its host cannot be looked up now', true, { cause: error });
  }
}

/** Tries one address after another while there is no answer that would be the same at the next. */
async function firstAnswer<Value>(addresses: readonly string[], reached: (address: string) => Promise<Value>): Promise<Pinned<Value>> {
  for (const [index, address] of addresses.entries()) {
    try {
      return { address, value: await reached(address) };
    } catch (error) {
      const mayAnswerElsewhere = error instanceof LinkFailure && error.isTransient && index < addresses.length - 1;
      if (!mayAnswerElsewhere) throw error;
    }
  }
  throw new Error('There was no address to connect to.');
}

/** A request whose connection stands, TLS and all. */
function connected(request: ClientRequest, stop: AbortSignal): Promise<ClientRequest> {
  return new Promise((resolve, reject) => {
    const onStop = (): void => { request.destroy(stop.reason as Error); };
    if (stop.aborted) onStop();
    stop.addEventListener('abort', onStop, { once: true });
    // Stays on after the connection stands, too: whoever writes hears of it himself.
    request.on('error', (error) => { reject(error); });
    request.once('socket', (socket) => {
      socket.once('encrypted' in socket ? 'secureConnect' : 'connect', () => {
        stop.removeEventListener('abort', onStop);
        resolve(request);
      });
    });
    request.flushHeaders();
  });
}

function connect(uri: AllowedUri, address: string, reach: Reach, asked: GetRequest | PostRequest, stop: AbortSignal): Promise<IncomingMessage> {
  const { headers, signal } = asked;
  const body = 'body' in asked ? asked.body : undefined;
  return new Promise((resolve, reject) => {
    stop.throwIfAborted();
    const request = open(uri, address, reach, { method: body === undefined ? 'GET' : 'POST', headers });
    const onStop = (): void => { request.destroy(stop.reason as Error); };
    stop.addEventListener('abort', onStop, { once: true });
    // Stays on after the request has failed, too: what a dying socket says then is nobody's fault.
    request.on('error', (error) => { reject(error); });
    request.on('response', (response) => {
      stop.removeEventListener('abort', onStop);
      const onSignal = (): void => { response.destroy(signal.reason as Error); };
      signal.addEventListener('abort', onSignal, { once: true });
      response.on('close', () => { signal.removeEventListener('abort', onSignal); });
      response.on('error', () => {});
      resolve(response);
    });
    request.on('close', () => { stop.removeEventListener('abort', onStop); });
    request.end(body);
  });
}

function open(uri: AllowedUri, address: string, { trustedCertificates }: Reach, { method, headers }: { readonly method: 'GET' | 'POST' | 'PUT'; readonly headers: Readonly<Record<string, string>> }): ClientRequest {
  const isAddress = parseAddress(uri.host) !== undefined;
  const options: RequestOptions = {
    host: address, port: uri.port, path: uri.target, method, headers: { ...headers, host: new URL(uri.href).host },
    maxHeaderSize: maxHeaderBytes, insecureHTTPParser: false,
  };
  if (uri.scheme === 'http') return httpRequest({ ...options, agent: new HttpAgent({ keepAlive: false }) });
  return httpsRequest({
    ...options, agent: new HttpsAgent({ keepAlive: false, maxCachedSessions: 0 }), rejectUnauthorized: true,
    // The name of the certificate is the name in the URI. An address has no server name in TLS and is verified as an address.
    servername: isAddress ? '' : uri.host,
    ...(trustedCertificates === undefined ? {} : { ca: trustedCertificates }),
  });
}

function unlessStopped<Value>(stop: AbortSignal, work: Promise<Value>): Promise<Value> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => { reject(stop.reason as Error); };
    if (stop.aborted) onAbort();
    stop.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => { stop.removeEventListener('abort', onAbort); });
  });
}
