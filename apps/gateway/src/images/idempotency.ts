import { createHash, randomUUID } from 'node:crypto';
import { derivedUuid } from '#libs/contracts';
import { Problem } from '#libs/domain';
import { header, type Request } from '../edge/request.js';

/** What a request's command is known by. With an `Idempotency-Key`, a repetition has the same ids and gets the same answer. */
export interface CommandIdentity {
  readonly commandId: string;
  /** SHA-256 of method, path and body; only with a key. Another request with the same key is refused. */
  readonly requestHash?: string;
  /** The id that a new image gets where the client names none. */
  readonly newImageId: string;
  /** The id of an action that the command begins. */
  readonly newActionId: string;
}

/** Refuses: InvalidRequest (a key that is empty, over 255 characters, or not printable ASCII). A key belongs to one user in one project, one method and one path. */
export function commandIdentity(request: Request, path: string, body: Buffer = Buffer.alloc(0)): CommandIdentity {
  const key = header(request, 'idempotency-key');
  if (key === undefined) return { commandId: randomUUID(), newImageId: randomUUID(), newActionId: randomUUID() };
  if (!/^[\x20-\x7e]{1,255}$/.test(key)) throw new Problem('InvalidRequest', { detail: 'An Idempotency-Key must have 1 to 255 printable ASCII characters.' });
  const { caller, method } = request;
  const scope = [caller.projectId ?? '', caller.userId, method, path, key];
  return {
    commandId: uuidFrom('command', scope),
    newImageId: uuidFrom('image', scope),
    newActionId: uuidFrom('action', scope),
    requestHash: createHash('sha256').update(`${method} ${path}\n`).update(body).digest('base64url'),
  };
}

const uuidFrom = (purpose: string, words: readonly string[]): string => derivedUuid(JSON.stringify([purpose, ...words]));
