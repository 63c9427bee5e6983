import { createHash } from 'node:crypto';
import { Problem } from '#libs/domain';
import { seal, unseal, type SealedUse } from './seal.js';

/** What an importer asks federation to do for a clone or a replication of one image: it goes over HTTP, and its capability names its digest. */
export interface CopyOrder {
  readonly importId: string;
  /** In this region. */
  readonly sourceImageId: string;
  readonly regions: readonly string[];
  /** Of a clone: the id that the copy gets there, and what was asked of it. */
  readonly clone?: { readonly imageId: string; readonly imageProperties: Readonly<Record<string, unknown>> };
  /** The policy whose rules the copies of a replication follow. */
  readonly policyId?: string;
}

/** What a federation service says while it copies, a line of JSON each: that it is at work, and last what came of it. */
export type CopyLine = { readonly busy: true } | { readonly done: true } | { readonly problem: { readonly code: string; readonly params: Readonly<Record<string, unknown>> } };

export const digestOfOrder = (body: Uint8Array | string): string => createHash('sha256').update(body).digest('base64url');

/** What federation needs to work in other regions in the name of the caller. */
export interface RegionsAccess {
  readonly token: string;
  /** The Image API of each region that the copy concerns, this one included, from the caller's own catalogue. */
  readonly endpoints: Readonly<Record<string, string>>;
}

const useFor = (importId: string): SealedUse => ({ purpose: 'heliograph sealed token', bound: [importId, 'regions', ''] });

/** Seals the access for the way from gateway to federation, for this import alone. */
export const sealRegionsAccess = (key: string, access: RegionsAccess, importId: string, expiresAt: Date): string => seal(key, useFor(importId), access, expiresAt);

/** The access. Refuses: RemoteTokenRefused where it has expired, RemoteTokenLost where it was sealed for something else or with another key, or was altered. */
export function openRegionsAccess(key: string, sealed: string, { importId, region }: { readonly importId: string; readonly region: string }, now: Date): RegionsAccess {
  const opened = unseal<RegionsAccess>(key, useFor(importId), sealed, now);
  if (!opened) throw new Problem('RemoteTokenLost');
  if (opened.hasExpired) throw new Problem('RemoteTokenRefused', { region });
  return opened.secret;
}
