import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { Problem } from '#libs/domain';
import { notVerified } from './signature-claim.js';

/** Where certificates are kept: the Key Manager API, asked with the caller's own token, so that nobody reads what he may not. */
export interface KeyManager {
  /** The certificate as it was stored, PEM or DER. Refuses: SignatureNotVerified, whatever the reason why it cannot be had, as Glance does. */
  certificate(asked: { readonly imageId: string; readonly certificateId: string; readonly token: string; readonly catalogUrl: string | undefined }): Promise<Buffer>;
}

/** Options of Glance's section `barbican`, by the same names in camel case. */
export interface BarbicanOptions {
  /** Empty: the caller's catalogue says where. */
  readonly barbicanEndpoint: string;
  readonly barbicanApiVersion: string;
  readonly verifySsl: boolean;
  /** Certificate authorities in PEM; empty: the well-known ones. */
  readonly verifySslPath: string;
  readonly timeoutMs?: number;
}

const largestBytes = 256 * 1024;
const uuid = /^[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$/;

export function barbican({ barbicanEndpoint, barbicanApiVersion, verifySsl, verifySslPath, timeoutMs = 10_000 }: BarbicanOptions): KeyManager {
  const agent = new https.Agent({ rejectUnauthorized: verifySsl, ...(verifySslPath === '' ? {} : { ca: readFileSync(verifySslPath) }) });
  const get = (url: string, token: string, accept: string): Promise<Got> => fetchBytes(url, { 'x-auth-token': token, accept }, agent, timeoutMs);
  return {
    async certificate({ imageId, certificateId, token, catalogUrl }) {
      // It becomes part of a URL.
      if (!uuid.test(certificateId)) throw notVerified(imageId, `certificate ${certificateId.slice(0, 64)} was not found: an id is a UUID`);
      const endpoint = barbicanEndpoint === '' ? catalogUrl : barbicanEndpoint;
      const cannot = `certificate ${certificateId} cannot be had from the key manager`;
      if (endpoint === undefined) throw notVerified(imageId, `${cannot}: there is none in your service catalogue`);
      const secret = `${versioned(endpoint, barbicanApiVersion)}/secrets/${certificateId}`;
      const read = async (url: string, accept: string): Promise<Buffer> => {
        const { status, bytes } = await get(url, token, accept);
        if (status === 404) throw notVerified(imageId, `certificate ${certificateId} was not found`);
        if (status !== 200) throw notVerified(imageId, `${cannot} (status ${status})`);
        return bytes;
      };
      try {
        const { secret_type: kind, content_types: types } = JSON.parse((await read(secret, 'application/json')).toString('utf8')) as Described;
        if (kind !== 'certificate') throw notVerified(imageId, `secret ${certificateId} is not a certificate`);
        return await read(`${secret}/payload`, types?.default ?? 'application/octet-stream');
      } catch (error) {
        throw error instanceof Problem ? error : new Problem('SignatureNotVerified', { imageId, detail: cannot }, { cause: error });
      }
    },
  };
}

/** The catalogue may name the service with or without its version. */
const versioned = (endpoint: string, version: string): string => {
  const base = endpoint.replace(/\/+$/, '');
  return /\/v\d+(\.\d+)?$/.test(base) ? base : `${base}/${version}`;
};

interface Described { readonly secret_type?: string; readonly content_types?: { readonly default?: string } }
interface Got { readonly status: number; readonly bytes: Buffer }

/** Follows no redirect: the token is for the key manager alone. */
function fetchBytes(url: string, headers: Readonly<Record<string, string>>, agent: https.Agent, timeoutMs: number): Promise<Got> {
  return new Promise((resolve, reject) => {
    const target = new URL(url);
    const isSecure = target.protocol === 'https:';
    const request = (isSecure ? https : http).get(target, { headers, signal: AbortSignal.timeout(timeoutMs), ...(isSecure ? { agent } : { agent: false }) });
    request.on('error', reject);
    request.on('response', (response) => {
      bytesOf(response).then((bytes) => { resolve({ status: response.statusCode ?? 0, bytes }); }, reject);
    });
  });
}

async function bytesOf(response: http.IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length;
    if (sizeBytes > largestBytes) throw new Error(`the answer is larger than ${largestBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
