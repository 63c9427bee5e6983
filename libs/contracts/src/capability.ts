import { createHmac, timingSafeEqual } from 'node:crypto';
import { Problem, type Image, type ImageCommandEnvelope } from '#libs/domain';
import type { CommandContext } from './messages.js';
import type { UploadAsk } from './uploads.js';

/** What one service lets another do with the bytes of one attempt: bring them to the staging area, read them there, fetch them from another region, or copy them to others. */
export interface CapabilityClaims {
  readonly may: 'stage' | 'upload' | 'read' | 'fetch' | 'copy';
  readonly imageId: string;
  readonly attemptId: string;
  readonly expiresAt: Date;
  /** The most bytes that may arrive. */
  readonly limitBytes?: number;
  readonly declaredSizeBytes?: number;
  /** What is to be done with an upload that can be resumed, and what its image says that its data is. */
  readonly upload?: { readonly ask: UploadAsk; readonly formats: Pick<Image, 'diskFormat' | 'containerFormat'> };
  /** On whose behalf: what is recorded names him, not the service. */
  readonly requestId: string;
  /** The import that fetches, and from which region. */
  readonly fetches?: { readonly importId: string; readonly region: string };
  /** The digest of the order that comes with it. */
  readonly order?: string;
  readonly actor: CommandContext['actor'];
  readonly personal?: CommandContext['personal'];
  /** What the completion is known by, where the client may repeat his request. */
  readonly completion?: { readonly commandId: string; readonly requestHash?: string };
  readonly authorizedFor?: NonNullable<ImageCommandEnvelope['authorizedFor']>;
}

/**
 * A capability as it stands in a URL: the claims as base64url JSON, a dot, and their HMAC-SHA256. Who has it may do what it says until it
 * expires, so it goes only from service to service and into no log. Source: DESIGN.md section 4, "Bytes travel over HTTP streams".
 */
export function signCapability(key: string, claims: CapabilityClaims): string {
  const body = Buffer.from(JSON.stringify(claims)).toString('base64url');
  return `${body}.${macOf(key, body).toString('base64url')}`;
}

/** The claims of a capability for this purpose. Refuses what was altered, has expired or is for something else: Forbidden. */
export function openCapability(key: string, token: string, { may, now }: { readonly may: CapabilityClaims['may']; readonly now: Date }): CapabilityClaims {
  const [body = '', mac = '', ...more] = token.split('.');
  const expected = macOf(key, body);
  const given = Buffer.from(mac, 'base64url');
  if (more.length > 0 || given.length !== expected.length || !timingSafeEqual(given, expected)) throw refused('was not given out here');
  const json = JSON.parse(Buffer.from(body, 'base64url').toString()) as CapabilityClaims;
  const claims = { ...json, expiresAt: new Date(json.expiresAt) };
  if (claims.may !== may) throw refused('is for something else');
  if (claims.expiresAt <= now) throw refused('has expired');
  return claims;
}

const macOf = (key: string, body: string): Buffer => createHmac('sha256', key).update(body).digest();

const refused = (why: string): Problem => new Problem('Forbidden', { detail: `This capability ${why}. Ask the image service again.` });
