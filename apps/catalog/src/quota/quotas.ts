import type { ReservationAnswer, UsageAnswer } from '#libs/contracts';
import { attemptHolder, claimsOf, commandHolder, importHolder, resources, type Claim, type Resource } from '#libs/domain';
import type { ImageAdmission } from '#libs/event-log';
import type { Claiming, Reservations } from '#libs/read-model';
import { count, fields, flag, oneOf, optional, text, uuid } from '../checks.js';
import type { EnsureCaps } from './caps.js';
import { limitReached, registered, type ProjectLimits } from './limits.js';

export interface QuotasOptions {
  /** Undefined where nothing is limited. */
  readonly limits: ProjectLimits | undefined;
  readonly ensureCaps: EnsureCaps;
  readonly reservations: Reservations;
  readonly clock: () => Date;
}

/** What the catalog does so that projects stay within their limits. */
export interface Quotas {
  /** Reserves what a commit is about to use. Refuses: LimitReached, Unavailable. */
  admit(admission: ImageAdmission): Promise<() => Promise<void>>;
  /** `ask.<region>.reservation`: more room for bytes that are arriving. Refuses: LimitReached, InvalidRequest, Unavailable. */
  reserve(question: unknown): Promise<ReservationAnswer>;
  /** `ask.<region>.usage`. */
  usage(question: unknown): Promise<UsageAnswer>;
}

/** Between two steps of one upload a limit may be this old; what begins is judged by the limit of the moment. */
const growthMaxAgeMs = 5000;
const spareBytes = 64 * 1024 ** 2;
const nothingToUndo = (): Promise<void> => Promise.resolve();

export function createQuotas({ limits, ensureCaps, reservations, clock }: QuotasOptions): Quotas {
  async function claim(projectId: string, imageId: string, claims: readonly Claim[], from: ProjectLimits, { maxAgeMs = 0, ...how }: { maxAgeMs?: number } & Pick<Claiming, 'spareBytes' | 'isGrowth'> = {}): Promise<readonly number[]> {
    const reserved = await reservations.reserve({
      project: projectId, imageId, claims, limits: await from.limitsOf(projectId, { maxAgeMs }), isStrict: from.isStrict, at: clock(), ...how,
    });
    if ('refused' in reserved) throw limitReached(projectId, reserved.refused);
    return reserved.amounts;
  }

  return {
    async admit({ message: { envelope: { imageId }, context: { commandId } }, before, after, events }) {
      if (!after.exists || after.owner === null) return nothingToUndo;
      const claims = claimsOf(commandHolder(imageId, commandId), before, after, events);
      await ensureCaps(after.owner, claims);
      if (!limits || claims.length === 0) return nothingToUndo;
      await claim(after.owner, imageId, claims, limits);
      const begun = claims.filter(({ isNew }) => isNew).map(({ holder }) => holder);
      return () => begun.length === 0 ? nothingToUndo() : reservations.withdraw(begun);
    },

    async reserve(question) {
      const { attemptId, importId, storeId, resource, needBytes, isUnannounced } = fields(question, 'the question', {
        attemptId: optional(uuid), importId: optional(uuid), storeId: optional(text(255)), resource: oneOf(['sizeBytes', 'stageBytes'] as const), needBytes: count, isUnannounced: flag,
      });
      const holder = importId === undefined ? attemptHolder(attemptId ?? '') : importHolder(importId, storeId ?? '');
      const reservation = limits && await reservations.reservationOf(holder);
      // What began when nothing was limited, or is over already: its completion is judged.
      if (!limits || !reservation) return { grantedBytes: null };
      const { project, imageId } = reservation;
      const asked: Claim = { holder, resource, amount: needBytes, isUnannounced, isNew: false };
      const [grantedBytes = needBytes] = await claim(project, imageId, [asked], limits, { maxAgeMs: growthMaxAgeMs, spareBytes: isUnannounced ? spareBytes : 0, isGrowth: true });
      return { grantedBytes };
    },

    async usage(question) {
      const { projectId } = fields(question, 'the question', { projectId: text(255) });
      if (!limits?.areShown) return { usage: {} };
      const [used, most] = await Promise.all([reservations.usageOfProject(projectId), limits.limitsOf(projectId, { maxAgeMs: 0 })]);
      const shown = (resource: Resource) => {
        const { name, unit } = registered[resource];
        return [name, { usage: Math.floor(used[resource] / unit), limit: most[resource] === Infinity ? -1 : most[resource] / unit }];
      };
      return { usage: Object.fromEntries(resources.map(shown)) as UsageAnswer['usage'] };
    },
  };
}
