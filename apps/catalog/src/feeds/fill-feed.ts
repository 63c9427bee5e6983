import { addressOf, auditSubject, imageCommits, imageSubject, type AuditEvent, type Commit, type Fed } from '#libs/contracts';
import { evolveImage, noImage, type ImageState } from '#libs/domain';
import { crashPoint, type AuditOutlet, type EventLog, type OutgoingAudit, type Stored } from '#libs/event-log';
import type { FeedPosition, FeedRow, FeedWriter, FollowerPosition } from '#libs/read-model';
import { isOutage, statesBefore } from '../states-before.js';
import { auditEntries, type AuditEntry } from './audit-entries.js';

export interface FeedParts {
  readonly log: Pick<EventLog, 'follow' | 'read' | 'extent'>;
  readonly region: string;
  readonly feed: FeedWriter;
  /** Undefined: there is no audit stream, and the feed alone is filled. */
  readonly audit?: AuditParts;
  /** Waited for after each batch that is not full: what is told a moment later is told in larger batches, which cost the changes themselves less. */
  rest?(): Promise<void>;
  /** Tells everybody how far the feed has come. */
  announce(fed: Fed): void;
  /** Of a commit that cannot be read nobody is told. */
  onUnreadable(sequence: number, error: unknown): void;
}

export interface AuditParts {
  readonly outlet: AuditOutlet;
  /** Whether the audit stream may hold values of additional properties: who reads it has no roles that protections could ask for. */
  readonly showsProperties: boolean;
  /** How far the stream has come: kept where no rebuild touches it. */
  position(): Promise<FollowerPosition | undefined>;
  moveTo(position: FollowerPosition): Promise<void>;
}

export interface FeedFilling {
  /** Marks where the audit stream begins, unless it has begun before: nothing that comes after is left out. */
  begin(): Promise<void>;
  /** Fills feed and stream from where they stopped on, until `signal` aborts. Rejects where something cannot be reached, or somebody else has gone on. */
  run(signal: AbortSignal): Promise<void>;
}

interface Told { readonly commit?: Commit; readonly entries: readonly AuditEntry[] }
const nothing: Told = { entries: [] };

const batchSize = 500;
/** More receivers than this in one batch, and everybody is told to look. */
const mostReceivers = 200;

/**
 * The log → the feed (rows and their position in one transaction: each event once) and the audit stream (before the rows, under the same id when it is
 * repeated: at least once, in order). The feed is filled from the first commit, the stream from where it was begun.
 */
export function fillFeed(parts: FeedParts): FeedFilling {
  const { log, region, feed, audit } = parts;
  const images = statesBefore(log, {
    remembered: 10_000, subjectOf: (imageId) => imageSubject(region, imageId), commits: imageCommits, none: { version: 0, state: noImage() as ImageState },
    pass: ({ state }, { version, events, at }) => ({ version, state: events.reduce((image, event) => evolveImage(image, event, at), state) }),
  });

  async function auditStart(): Promise<number> {
    if (!audit) return Number.MAX_SAFE_INTEGER;
    const { createdAt: logCreatedAt, lastSequence } = await log.extent();
    const kept = await audit.position();
    if (kept?.logCreatedAt === logCreatedAt && kept.sequence <= lastSequence) return kept.sequence;
    await audit.moveTo({ logCreatedAt, sequence: lastSequence });
    return lastSequence;
  }

  async function feedStart(): Promise<FeedPosition> {
    const { createdAt, lastSequence } = await log.extent();
    const kept = await feed.feedPosition();
    return kept.logCreatedAt === createdAt && kept.sequence <= lastSequence ? kept : feed.restartFeed(createdAt);
  }

  async function entriesIn({ sequence, subject, bytes }: Stored): Promise<Told | undefined> {
    const { kind, token } = addressOf(subject);
    if (kind !== 'image') return undefined;
    try {
      const commit = imageCommits.decode(bytes);
      const { after, entries } = auditEntries((await images.at(token, commit.version - 1)).state, commit, sequence);
      images.remember(token, { version: commit.version, state: after });
      return { commit, entries };
    } catch (error) {
      if (isOutage(error)) throw error;
      parts.onUnreadable(sequence, error);
      return undefined;
    }
  }

  /** What a batch brings to each; of commits that one of them has had before, it gets nothing again. */
  async function gather(batch: readonly Stored[], { sequence: fed, moment: before }: FeedPosition, audited: number): Promise<Gathered> {
    const gathered: Gathered = { rows: [], outgoing: [], owners: new Map(), moment: before };
    for (const stored of batch) {
      const { commit, entries } = await entriesIn(stored) ?? nothing;
      const at = commit?.at.toISOString() ?? '';
      if (at > gathered.moment) gathered.moment = at;
      if (stored.sequence > fed) addRows(gathered, entries);
      if (audit && stored.sequence > audited) gathered.outgoing.push(...entries.flatMap((entry) => messagesOf(region, entry, audit.showsProperties)));
    }
    return gathered;
  }

  return {
    async begin() {
      await auditStart();
    },
    async run(signal) {
      let position = await feedStart();
      let audited = await auditStart();
      const { logCreatedAt } = position;
      await log.follow({ after: Math.min(position.sequence, audited), batchSize, signal }, async (batch) => {
        const sequence = batch.at(-1)?.sequence ?? 0;
        const { rows, outgoing, owners, moment } = await gather(batch, position, audited);
        if (audit && sequence > audited) {
          await audit.outlet.publish(outgoing);
          crashPoint('after-audit');
          await audit.moveTo({ logCreatedAt, sequence });
          audited = sequence;
        }
        if (sequence > position.sequence) {
          const to = { sequence, logCreatedAt, moment };
          await feed.writeFeed({ after: position, to, rows, owners });
          position = to;
          parts.announce({ sequence, ...receiversOf(rows) });
        }
        if (batch.length < batchSize) await parts.rest?.();
      });
    },
  };
}

interface Gathered { readonly rows: FeedRow[]; readonly outgoing: OutgoingAudit[]; readonly owners: Map<string, string>; moment: string }

function addRows({ rows, owners, moment }: Gathered, entries: readonly AuditEntry[]): void {
  for (const entry of entries) {
    rows.push(...rowOf(entry, moment));
    if (entry.event.audience === 'owner' && changesOwner(entry.event)) owners.set(entry.event.subject, entry.receiver ?? '');
  }
}

/** Everybody's events have no row: who may see a public image reads it. */
function rowOf({ receiver, event }: AuditEntry, moment: string): FeedRow[] {
  if (event.audience === 'public') return [];
  const [sequence, ordinal] = event.id.split('-').map(Number) as [number, number];
  return [{ sequence, ordinal, audience: event.audience, receiver: receiver ?? '', image_id: event.subject, type: event.type, actor: event.actorid ?? null, moment, event }];
}

function messagesOf(region: string, { receiver, event }: AuditEntry, showsProperties: boolean): OutgoingAudit[] {
  if (receiver === null && event.audience !== 'public') return [];
  const subject = auditSubject(region, receiver === null ? 'public' : { projectId: receiver }, 'image', event.type);
  return [{ subject, body: showsProperties ? event : withoutProperties(event), messageId: `${event.id}:${event.audience}` }];
}

const attributes: ReadonlySet<string> = new Set([
  'name', 'owner', 'protected', 'os_hidden', 'container_format', 'disk_format', 'min_disk', 'min_ram', 'status', 'visibility', 'tags', 'size', 'virtual_size', 'checksum',
  'os_hash_algo', 'os_hash_value', 'stores',
]);

/** For who reads without any roles that protections of properties could ask for. */
export const withoutProperties = (event: AuditEvent): AuditEvent =>
  ({ ...event, data: { ...event.data, changes: event.data.changes.filter(({ name }) => attributes.has(name) || name.startsWith('members/')) } });

const changesOwner = ({ type, data }: AuditEvent): boolean => type !== 'ImageCreated' && data.changes.some(({ name }) => name === 'owner');

function receiversOf(rows: readonly FeedRow[]): Pick<Fed, 'receivers'> {
  const receivers = [...new Set(rows.map(({ receiver }) => receiver))];
  return receivers.length > mostReceivers ? {} : { receivers };
}
