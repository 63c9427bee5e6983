import { createHash } from 'node:crypto';
import { request as httpRequest, type ClientRequest } from 'node:http';
import type { Answer, Api, Person } from './harness.js';
import { eventually, importsAt } from './imports.js';

export const formats = { disk_format: 'raw', container_format: 'bare' };
export const base64 = (algorithm: string, bytes: Uint8Array): string => createHash(algorithm).update(bytes).digest('base64');

/** What the specifications of uploads in parts share: parts by Content-Range and by tus, and what has become of them. */
export function uploadsAt(api: Api, person: Person) {
  const stagePath = (id: string): string => `/v2/images/${id}/stage`;
  const show = async (id: string) => (await person.get(`/v2/images/${id}`)).json();
  return {
    show,
    stagePath,
    /** Sends one part; `total` as it stands in the header. */
    part: (id: string, bytes: Uint8Array, at: number, total: number | '*', headers: Record<string, string> = {}): Promise<Answer> =>
      person.put(stagePath(id), { body: bytes, headers: { 'content-type': 'application/octet-stream', 'content-range': `bytes ${at}-${at + bytes.length - 1}/${total}`, ...headers } }),
    /** What has arrived of the upload that is under way. */
    arrived: async (id: string) => (await person.get(`/v2/images/${id}/progress`)).json<{ progress: { state: string; bytes: number }[] }>().progress.find(({ state }) => state === 'running')?.bytes ?? 0,
    offset: async (id: string) => (await person.request('HEAD', stagePath(id))).headers.get('upload-offset'),
    tus: (method: string, path: string, headers: Record<string, string> = {}, body?: Uint8Array): Promise<Answer> =>
      person.request(method, path, { headers: { 'tus-resumable': '1.0.0', ...headers }, ...(body ? { body } : {}) }),
    /** A request whose bytes the specification sends by hand. */
    byHand(method: string, path: string, headers: Record<string, string>): ClientRequest {
      const sending = httpRequest(api.url + path, { method, agent: false, headers: { 'x-auth-token': 'demo', ...headers } });
      sending.on('error', () => {});
      return sending;
    },
    stagedFiles: (id: string): Promise<string[]> => importsAt(api).stagedFilesOf(id),
    actions: async (id: string) => (await person.get(`/v2/images/${id}/history`)).json<{ history: { action: string }[] }>().history.map(({ action }) => action),
    becomes: (id: string, status: string) => eventually(() => show(id), (image) => image['status'] === status),
    data: async (id: string): Promise<Buffer> => Buffer.from(await (await fetch(`${api.url}/v2/images/${id}/file`, { headers: { 'x-auth-token': 'demo' } })).arrayBuffer()),
  };
}
