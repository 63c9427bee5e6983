import { createHmac } from 'node:crypto';
import type { AuditEvent } from './audit-event.js';
import { seal, unseal, type SealedUse } from './seal.js';

/** A webhook as the catalog keeps it. */
export interface Webhook {
  readonly id: string;
  /** Whose events it is told of; null for those of the whole region. */
  readonly projectId: string | null;
  /** Who registered it. */
  readonly ownerId: string;
  /** Without its query, which may hold a secret. */
  readonly url: string;
  /** Only events of these types; all where there are none. */
  readonly types: readonly string[];
  readonly isActive: boolean;
  /** Why it was paused, where nobody asked for it. */
  readonly pausedBecause: string | null;
  readonly createdAt: string;
}

export const deliveryStates = ['delivered', 'retrying', 'abandoned', 'again'] as const;

/** What became of one event at one webhook. */
export interface WebhookDelivery {
  readonly eventId: string;
  readonly state: (typeof deliveryStates)[number];
  readonly attempts: number;
  /** What the receiver answered; null where it did not. */
  readonly statusCode: number | null;
  readonly reason: string;
  readonly at: string;
}

/** Where an event goes: nothing else is stored of it in clear. A secret that was replaced signs beside the new one until its receiver must know that. */
export interface WebhookTarget { readonly url: string; readonly secret: string; readonly former?: { readonly secret: string; readonly until: string } }

/** The secrets that sign what is sent at a moment, the one that stays first. */
export const secretsAt = ({ secret, former }: WebhookTarget, at: Date): readonly string[] => (former && new Date(former.until) > at ? [secret, former.secret] : [secret]);

/** Events for one webhook, in their order: the next is not sent before the one before it was taken. */
export interface WebhookWork {
  readonly id: string;
  readonly sealed: string;
  readonly events: readonly AuditEvent[];
  /** Whether they are sent once more because somebody asked for it. */
  readonly isAgain: boolean;
}

export interface WebhookOutcome { readonly eventId: string; readonly statusCode: number | null; readonly reason: string }

/** `ask.<region>.webhooks`: the gateway keeps them there, the importers fetch what is to be sent and say what became of it. */
export type WebhookQuestion =
  | { readonly do: 'create'; readonly webhook: Pick<Webhook, 'id' | 'projectId' | 'ownerId' | 'url' | 'types'>; readonly sealed: string }
  | { readonly do: 'list'; readonly projectId: string | null }
  | { readonly do: 'show'; readonly id: string }
  | { readonly do: 'remove'; readonly id: string }
  | { readonly do: 'deliveries'; readonly id: string }
  | { readonly do: 'activate'; readonly id: string; readonly isActive: boolean }
  | { readonly do: 'sealed'; readonly id: string }
  | { readonly do: 'reseal'; readonly id: string; readonly from: string; readonly to: string }
  | { readonly do: 'again'; readonly id: string; readonly eventId: string }
  | { readonly do: 'claim'; readonly limit: number }
  | { readonly do: 'report'; readonly id: string; readonly isAgain: boolean; readonly outcomes: readonly WebhookOutcome[] };

export interface WebhookAnswer {
  readonly webhooks?: readonly Webhook[];
  readonly deliveries?: readonly WebhookDelivery[];
  readonly work?: readonly WebhookWork[];
  /** The sealed target as it is now. */
  readonly sealed?: string;
}

const useFor = (id: string): SealedUse => ({ purpose: 'heliograph sealed webhook', bound: [id] });
/** It is good for as long as the webhook is there. */
const never = new Date('9999-01-01T00:00:00Z');

export const sealTarget = (key: string, id: string, target: WebhookTarget): string => seal(key, useFor(id), target, never);

/** Undefined where it was sealed for another webhook or with another key. */
export const openTarget = (key: string, id: string, sealed: string): WebhookTarget | undefined => unseal<WebhookTarget>(key, useFor(id), sealed, new Date(0))?.secret;

/** The headers of one delivery, with a signature for each secret. Source: Standard Webhooks, "Signature scheme": HMAC-SHA256 over id, seconds and body, with the bytes behind `whsec_`. */
export function signedHeaders(secrets: string | readonly string[], { id, at, body }: { readonly id: string; readonly at: Date; readonly body: string }): Readonly<Record<string, string>> {
  const timestamp = String(Math.floor(at.getTime() / 1000));
  const signature = (secret: string): string => `v1,${createHmac('sha256', Buffer.from(secret.replace(/^whsec_/, ''), 'base64')).update(`${id}.${timestamp}.${body}`).digest('base64')}`;
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': [secrets].flat().map(signature).join(' ') };
}
