import { EventEmitter, once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import type { ReplicationPolicy } from '#libs/domain';
import type { FollowRegionOptions } from '#libs/event-log';
import type { Logger } from '#libs/platform';
import { hearingOf, isNews } from './hearing-of.js';

/** What was heard of a policy's source since it was taken last. */
export interface News {
  /** Some, where there are many: the others wake at once. */
  readonly imageIds: readonly string[];
  /** Something may have been missed: all of the source has to be looked at. */
  readonly hasGap: boolean;
}

/** A place in what is heard of a source. */
export interface HeardPlace {
  /** The source, and what of it is heard. */
  readonly what: string;
  /** In the audit stream of the source. */
  readonly sequence: number;
}

export interface HeardNews {
  /** What is new for a policy; undefined where its source is not heard at present and has to be asked. It is listened to from then on, or from the place on that was kept. */
  take(policyId: string, policy: ReplicationPolicy, kept?: HeardPlace): News | undefined;
  /** Up to where everything was taken, and need not be looked at again; only to be asked by who has looked after all that he took. Undefined where something may have been missed. */
  placeOf(policyId: string): HeardPlace | undefined;
  /** Who took the news could not look after them. */
  missed(policyId: string): void;
  /** Resolves when something was heard that nobody was woken for, or `signal` aborts. Of what comes close together once. */
  heard(signal: AbortSignal): Promise<void>;
  /** Whoever waits for `heard` looks once more. */
  wake(): void;
  close(): Promise<void>;
}

export interface HeardNewsOptions {
  readonly region: string;
  /** The regions that a link leads to; this one needs none. */
  readonly links: readonly string[];
  readonly follow: (options: Omit<FollowRegionOptions, 'connection' | 'region'>, signal: AbortSignal) => Promise<void>;
  readonly logger: Pick<Logger, 'info' | 'warn'>;
  readonly clock: () => Date;
  /** A policy that is not asked about for so long is listened to no longer. */
  readonly forgetAfterMs: number;
}

/** What listens for one policy. */
interface Ear {
  readonly what: string;
  readonly stop: AbortController;
  /** What happened to each first, of what was not taken yet. */
  readonly imageIds: Map<string, number>;
  /** What was taken already, and when it is looked at once more. */
  readonly again: Map<string, { readonly atMs: number; readonly sequence: number }>;
  /** What was heard last. */
  sequence: number;
  hasGap: boolean;
  isLive: boolean;
  askedAtMs: number;
}

/** Brings together what happens to an image within a moment, and images that come in a row. */
const gatherMs = 500;
/** Each costs three questions. */
const mostTaken = 100;
/** An event may be heard before the region shows what it tells of. */
const againAfterMs = 3000;
/** Above that it is simpler to look at everything. */
const mostRemembered = 1000;

/**
 * Listens to the source of each policy that is driven here, where a link leads to it. Nothing of it need be kept: who drives a policy and has no place to go on from
 * looks at everything once he hears, and a link that was cut is taken up where it was, by region and sequence.
 */
export function hearNews({ region, links, follow, logger, clock, forgetAfterMs }: HeardNewsOptions): HeardNews {
  const ears = new Map<string, Ear>();
  const running = new Set<Promise<void>>();
  const wakes = new EventEmitter().setMaxListeners(0);
  let isNew = false;
  const wake = (): void => {
    isNew = true;
    wakes.emit('new');
  };

  function listen(policyId: string, from: string, { settings }: ReplicationPolicy, what: string, kept: HeardPlace | undefined): Ear {
    const ear: Ear = { what, stop: new AbortController(), imageIds: new Map(), again: new Map(), sequence: 0, hasGap: false, isLive: false, askedAtMs: 0 };
    let hasComplained = false;
    const facts = { policy_id: policyId, region: from };
    const following = follow({
      from, hears: hearingOf(settings), ...(kept?.what === what ? { after: kept.sequence } : {}),
      onEvent(event, sequence) {
        ear.sequence = sequence;
        if (!isNews(event)) return;
        if (!ear.imageIds.has(event.subject)) ear.imageIds.set(event.subject, sequence);
        if (ear.imageIds.size > mostRemembered) {
          ear.imageIds.clear();
          ear.hasGap = true;
        }
        wake();
      },
      onLive(isWhole, sequence) {
        logger.info({ ...facts, sequence, is_whole: isWhole }, 'the changes of the source are heard');
        ear.sequence = sequence;
        ear.isLive = true;
        ear.hasGap ||= !isWhole;
        wake();
      },
      onLost(reason) {
        // Once for each time that it was heard, and once where it never was.
        if (ear.isLive || !hasComplained) logger.warn({ ...facts, reason }, 'the changes of the source are not heard, and it is asked for them; listening is tried again');
        hasComplained = true;
        ear.isLive = false;
      },
    }, ear.stop.signal).finally(() => running.delete(following));
    running.add(following);
    return ear;
  }

  function forget(policyId: string): void {
    ears.get(policyId)?.stop.abort(new Error('Nobody asks for these news any more.'));
    ears.delete(policyId);
  }

  function earOf(policyId: string, policy: ReplicationPolicy, kept: HeardPlace | undefined): Ear | undefined {
    const from = policy.settings.direction === 'pull' ? policy.settings.remoteRegion : region;
    if (from !== region && !links.includes(from)) return undefined;
    const what = JSON.stringify([from, hearingOf(policy.settings)]);
    if (ears.get(policyId)?.what !== what) {
      forget(policyId);
      ears.set(policyId, listen(policyId, from, policy, what, kept));
    }
    return ears.get(policyId);
  }

  return {
    wake,
    take(policyId, policy, kept) {
      const nowMs = clock().getTime();
      const ear = earOf(policyId, policy, kept);
      if (ear) ear.askedAtMs = nowMs;
      for (const [id, { askedAtMs }] of ears) if (nowMs - askedAtMs > forgetAfterMs) forget(id);
      if (!ear?.isLive) return undefined;
      const { hasGap } = ear;
      const imageIds = [...taken(ear, nowMs)];
      ear.hasGap = false;
      if (ear.imageIds.size > 0) wake();
      return { imageIds, hasGap };
    },
    placeOf(policyId) {
      const ear = ears.get(policyId);
      if (!ear?.isLive || ear.hasGap) return undefined;
      const waiting = [...ear.imageIds.values(), ...[...ear.again.values()].map(({ sequence }) => sequence)];
      return { what: ear.what, sequence: waiting.reduce((lowest, sequence) => Math.min(lowest, sequence - 1), ear.sequence) };
    },
    missed(policyId) {
      const ear = ears.get(policyId);
      if (ear) ear.hasGap = true;
    },
    async heard(signal) {
      if (!isNew) await once(wakes, 'new', { signal }).catch(() => undefined);
      await pause(gatherMs, undefined, { signal }).catch(() => undefined);
      if (!signal.aborted) isNew = false;
    },
    async close() {
      for (const id of ears.keys()) forget(id);
      await Promise.all(running);
    },
  };
}

/** What was heard, and what is to be looked at once more; where everything is looked at, all of it. */
function taken({ imageIds, again, hasGap }: Ear, nowMs: number): Set<string> {
  const fresh = [...imageIds].slice(0, hasGap ? mostRemembered : mostTaken);
  const due = [...again].filter(([, { atMs }]) => atMs <= nowMs).map(([id]) => id).slice(0, mostTaken);
  for (const id of due) again.delete(id);
  for (const [id, sequence] of fresh) {
    imageIds.delete(id);
    // What happened first is what was not looked at for the last time.
    again.set(id, { atMs: nowMs + againAfterMs, sequence: Math.min(sequence, again.get(id)?.sequence ?? sequence) });
  }
  return new Set([...fresh.map(([id]) => id), ...due]);
}
