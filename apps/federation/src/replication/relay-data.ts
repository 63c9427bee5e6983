import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { Problem, type ShownImage } from '#libs/domain';
import { openDownload } from '#libs/download';
import { reachOf } from '../remote-region.js';
import type { Bandwidth } from './bandwidth.js';
import { RegionFailure, type ImageApi } from './image-api.js';
import { verify, type CarryData } from './replicate-image.js';
import type { Ends } from './see-regions.js';

const mostTries = 4;
const firstWaitMs = 1000;
const idleMs = 60_000;

/**
 * Data through this service: read from the source, which is taken up again where its link broke, and sent to the target in one upload. For targets that cannot
 * fetch from the source by themselves, and for policies with a bandwidth limit, which is kept here. Where the link to the target breaks, the image is sent anew.
 */
export function byRelay({ source, target }: Ends, bandwidth: Bandwidth, totalTimeoutMs: number): CarryData {
  return async (image, copy, signal) => {
    let sentBytes = 0;
    for (let tries = 1; ; tries += 1) {
      try {
        await relayOnce(image, copy.id, (bytes) => { sentBytes += bytes; }, signal);
        await verify(image, copy.id, target);
        return sentBytes;
      } catch (error) {
        signal.throwIfAborted();
        const failure = failureOf(error, source.region);
        if (!failure || tries === mostTries) throw failure ?? error;
        await pause(firstWaitMs * 2 ** tries, undefined, { signal });
      }
    }
  };

  async function relayOnce(image: ShownImage, copyId: string, onSent: (bytes: number) => void, signal: AbortSignal): Promise<void> {
    const sizeBytes = image.sizeBytes ?? 0;
    const bytes = sizeBytes === 0 ? [] : await openSource(source, image.id, sizeBytes, signal);
    const paced = async function* paced(): AsyncGenerator<Uint8Array, void, undefined> {
      for await (const chunk of bytes) {
        await bandwidth.take(chunk.byteLength, signal);
        onSent(chunk.byteLength);
        yield chunk;
      }
    };
    await sendTo(target, copyId, { bytes: paced(), sizeBytes }, signal);
  }

  async function openSource(api: ImageApi, id: string, sizeBytes: number, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
    const { endpoint, token } = await api.access();
    const download = await openDownload(`${endpoint}/v2/images/${id}/file`, {
      ...reachOf(endpoint), headers: { 'x-auth-token': token }, maxRedirects: 0, limitBytes: sizeBytes, expectedSizeBytes: sizeBytes, isImmutable: true, totalTimeoutMs, signal,
    });
    return download.bytes;
  }
}

/** What went wrong, as a failure of a region; undefined for what is a fault of ours. Says nothing of addresses. */
function failureOf(error: unknown, sourceRegion: string): RegionFailure | undefined {
  if (error instanceof RegionFailure) return error;
  return error instanceof Problem ? new RegionFailure(sourceRegion, 0, String(error.params['reason'] ?? error.code)) : undefined;
}

async function sendTo(target: ImageApi, id: string, { bytes, sizeBytes }: { readonly bytes: AsyncIterable<Uint8Array>; readonly sizeBytes: number }, signal: AbortSignal): Promise<void> {
  const { endpoint, token } = await target.access();
  const url = new URL(`${endpoint}/v2/images/${id}/file`);
  const request = (url.protocol === 'https:' ? httpsRequest : httpRequest)(url, {
    method: 'PUT', signal, timeout: idleMs, headers: { 'x-auth-token': token, 'content-type': 'application/octet-stream', 'content-length': sizeBytes, 'x-openstack-image-size': sizeBytes },
  });
  request.on('timeout', () => { request.destroy(new Error('silent')); });
  const answered = new Promise<IncomingMessage>((resolve, reject) => { request.on('response', resolve).on('error', reject); });
  answered.catch(() => undefined);
  try {
    const sent = pipeline(Readable.from(bytes, { objectMode: false }), request);
    sent.catch(() => undefined);
    // A refusal may come while bytes are still going.
    const response = await Promise.race([answered, sent.then(() => answered)]);
    response.resume();
    const status = response.statusCode ?? 0;
    if (status >= 300) throw new RegionFailure(target.region, status, 'it does not take the data');
    await sent;
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof RegionFailure || error instanceof Problem) throw error;
    throw new RegionFailure(target.region, 0, 'the connection broke while data were sent');
  } finally {
    request.destroy();
  }
}
