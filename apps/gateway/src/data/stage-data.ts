import type { IncomingMessage } from 'node:http';
import { randomUUID } from 'node:crypto';
import type { CapabilityClaims } from '#libs/contracts';
import type { Store } from '#libs/stores';
import { transferData, type Transfer, type TransferParts } from '#libs/transfers';
import { bringToStaging, type StagingLine } from './bring-to-staging.js';

/** Data that a client sends to wait for an import. */
export interface StagedData extends Pick<Transfer, 'imageId' | 'limitBytes' | 'declaredSizeBytes' | 'authorizedFor' | 'completion' | 'send'> {
  readonly source: IncomingMessage;
  /** On whose behalf, for the service that records it in our place. */
  readonly sender: Pick<CapabilityClaims, 'requestId' | 'actor' | 'personal'>;
}

/** Brings it to the staging area, and resolves once it is recorded as staged. Refuses what `transferData` refuses. */
export type StageData = (data: StagedData) => Promise<void>;

/** The staging service writes it, wherever that stands. Refuses Unavailable, too, where it cannot be reached. */
export const stagedByService = (line: StagingLine): StageData => ({ source, sender, send: _, ...data }) =>
  bringToStaging(line, { ...sender, ...data, attemptId: randomUUID() }, source);

/** The gateway writes it itself, to an area that it shares with the staging service: the way of an upload, without a second process. */
export const stagedHere = (parts: TransferParts, store: Store): StageData => ({ sender: _, ...data }) => transferData(parts, { ...data, kind: 'ImageStaging', store });
