import { once } from 'node:events';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { Problem } from '#libs/domain';
import { LinkFailure, linkFailureOf } from './link-failure.js';
import { putPinned, type Reach } from './pinned-connection.js';
import { withoutSecrets } from './redirects.js';

export interface UploadOptions extends Reach {
  readonly sizeBytes: number;
  readonly signal: AbortSignal;
  /** How long connecting may take, and the answer after the last byte. */
  readonly answerTimeoutMs: number;
}

/** One PUT of known length. Its last byte goes with `commit`: until then the other side has no whole object, whatever becomes of us. */
export interface Upload {
  /** The chunk is the caller's again when this resolves. Refuses: ExportFailed. */
  write(chunk: Uint8Array): Promise<void>;
  /** Resolves when the other side has said that it has everything. Refuses: ExportFailed, with its own words where it has some. */
  commit(): Promise<void>;
  /** May be called at any time; after a commit it changes nothing. */
  cancel(): void;
}

const mostOfAnAnswer = 8 * 1024;
const longestWords = 300;

/** Opens a PUT to an address that a tenant named, by the rules of downloads; a redirect is a refusal. Refuses: UriNotAllowed, ExportFailed. */
export async function openUpload(uri: string, { sizeBytes, signal, answerTimeoutMs, ...reach }: UploadOptions): Promise<Upload> {
  const refused = (reason: string, cause?: unknown): Problem => new Problem('ExportFailed', { uri: withoutSecrets(uri), reason }, { cause });
  const failed = (error: unknown): unknown => {
    if (signal.aborted) return signal.reason;
    const failure = error instanceof LinkFailure ? error : linkFailureOf(error);
    return failure instanceof LinkFailure ? refused(failure.reason, error) : failure;
  };
  const request = await putPinned(reach.filter.check(uri), reach, { headers: { 'content-length': String(sizeBytes) }, signal, answerTimeoutMs }).catch((error: unknown) => { throw failed(error); });
  const outcome = answerTo(request).then((response) => refusalIn(response, refused));
  const onAbort = (): void => { request.destroy(signal.reason as Error); };
  signal.addEventListener('abort', onAbort, { once: true });
  request.once('close', () => { signal.removeEventListener('abort', onAbort); });
  const early = outcome.then((refusal) => { throw refusal ?? refused('the server answered before it had everything'); });
  early.catch(() => undefined);
  let [kept, isOver] = [Buffer.alloc(0), false];

  const send = (bytes: Uint8Array): Promise<void> => new Promise((resolve, reject) => {
    if (bytes.byteLength === 0) return resolve();
    request.write(bytes, (error) => { if (error) reject(error); else resolve(); });
  });

  return {
    async write(chunk) {
      if (chunk.byteLength === 0) return;
      const sent = (async () => {
        await send(kept);
        await send(chunk.subarray(0, -1));
      })();
      await Promise.race([sent, early]).catch((error: unknown) => {
        request.destroy();
        throw error instanceof Problem ? error : failed(error);
      });
      kept = Buffer.from(chunk.subarray(-1));
    },
    async commit() {
      const tooLate = setTimeout(() => { request.destroy(new LinkFailure(`the server did not answer within ${answerTimeoutMs / 1000} seconds`, true)); }, answerTimeoutMs);
      try {
        request.end(kept);
        const refusal = await outcome;
        isOver = true;
        if (refusal) throw refusal;
      } catch (error) {
        throw error instanceof Problem ? error : failed(error);
      } finally {
        clearTimeout(tooLate);
      }
    },
    cancel() {
      if (!isOver) request.destroy();
    },
  };
}

async function answerTo(request: ClientRequest): Promise<IncomingMessage> {
  const [response] = await once(request, 'response') as [IncomingMessage];
  response.on('error', () => undefined);
  return response;
}

/** What the other side says of itself where it refuses, as far as it is short: servers of S3 name a code and a sentence. Nothing of the request is repeated. */
async function refusalIn(response: IncomingMessage, refused: (reason: string) => Problem): Promise<Problem | undefined> {
  const { statusCode = 0 } = response;
  if (statusCode >= 200 && statusCode <= 299) return void response.resume();
  let text = '';
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      text += chunk.toString('latin1');
      if (text.length > mostOfAnAnswer) break;
    }
  } catch {
    // The status says enough.
  }
  response.destroy();
  const words = ['Code', 'Message'].flatMap((name) => new RegExp(`<${name}>([\\x20-\\x3b\\x3d-\\x7e]{1,${longestWords}})</${name}>`).exec(text)?.[1] ?? []).join(': ');
  return refused(`the server answered ${statusCode}${words === '' ? '' : `, ${words}`}`);
}
