import { randomUUID } from 'node:crypto';
import { Problem } from '#libs/domain';

/**
 * The id of a request: the client's `X-Openstack-Request-ID` where it is a plain word (with `req-` before it), otherwise a new one.
 * Refuses: RequestIdTooLong. Source: Glance `api/middleware/context.py`, option max_request_id_length.
 */
export function requestIdOf(given: string | undefined, maxLength: number): string {
  if (given === undefined || !/^[\x21-\x7e]+$/.test(given)) return `req-${randomUUID()}`;
  if (given.length > maxLength) throw new Problem('RequestIdTooLong', { maxLength });
  return given.startsWith('req-') ? given : `req-${given}`;
}
