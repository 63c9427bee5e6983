import { Problem } from '#libs/domain';
import { refuseUnstorable } from './text.js';
import type { Request } from './request.js';

/** The largest JSON body that is read: over the largest commit, so that the commit's own refusal can name its limit. */
const limitBytes = 1024 * 1024;
const arrivesWithinMs = 60_000;

export interface JsonBody { readonly value: object; readonly bytes: Buffer }

/**
 * Reads a request's body as JSON: an object or an array, of at most 1 MiB, in UTF-8.
 * Refuses: InvalidRequest (absent, not UTF-8, not JSON, a scalar, text that cannot be stored), RequestTooLarge.
 * Content-Type is not asked: Glance does not, and clients send many. Source: API.md section 2.
 */
export async function jsonBody(request: Request): Promise<JsonBody> {
  const bytes = await bodyBytes(request);
  if (bytes.length === 0) throw new Problem('InvalidRequest', { detail: 'This request needs a JSON body, and there is none.' });
  const value = parse(bytes);
  if (typeof value !== 'object' || value === null) throw new Problem('InvalidRequest', { detail: 'The JSON body must be an object or a list.' });
  refuseUnstorable(value);
  return { value, bytes };
}

/** The same where the body must be an object. */
export async function jsonObject(request: Request): Promise<{ readonly value: Readonly<Record<string, unknown>>; readonly bytes: Buffer }> {
  const { value, bytes } = await jsonBody(request);
  if (Array.isArray(value)) throw new Problem('InvalidRequest', { detail: 'The JSON body must be an object.' });
  return { value: value as Readonly<Record<string, unknown>>, bytes };
}

export function hasBody(request: Request): boolean {
  const length = request.headers['content-length'];
  return request.headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0');
}

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch {
    throw new Problem('InvalidRequest', { detail: 'The body is not JSON in UTF-8. Correct it and send it again.' });
  }
}

async function bodyBytes({ raw, headers }: Request): Promise<Buffer> {
  if (Number(headers['content-length'] ?? 0) > limitBytes) throw tooLarge();
  const chunks: Buffer[] = [];
  let size = 0;
  const tooSlow = setTimeout(() => raw.destroy(incomplete(`within ${arrivesWithinMs / 1000} seconds`)), arrivesWithinMs);
  try {
    // Left without destroying the stream: the refusal still has to reach who is sending.
    for await (const chunk of raw.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > limitBytes) throw tooLarge();
      chunks.push(chunk);
    }
  } catch (error) {
    throw error instanceof Problem ? error : incomplete('before the connection ended');
  } finally {
    clearTimeout(tooSlow);
  }
  return chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks);
}

const incomplete = (when: string): Problem => new Problem('InvalidRequest', { detail: `The body did not arrive ${when}. Send it again.` });
const tooLarge = (): Problem => new Problem('RequestTooLarge', { limit: '1 MiB' });
