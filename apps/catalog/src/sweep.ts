import type { CommandContext, ImageCommandMessage } from '#libs/contracts';
import { stagingStoreId } from '#libs/domain';

export interface OpenAttempt { readonly imageId: string; readonly attemptId: string; readonly storeId: string }

export interface SweepOptions {
  /** Attempts that the read model shows as open, up to a limit. */
  openAttempts(limit: number): Promise<readonly OpenAttempt[]>;
  /** Until when an attempt's lease is held; undefined where there is none. */
  heldUntil(attemptId: string): Promise<Date | undefined>;
  execute(message: ImageCommandMessage): Promise<unknown>;
  onFailure(attempt: OpenAttempt, error: unknown): void;
  clock(): Date;
  leaseSeconds: number;
}

export interface Sweep {
  /** Leases live in memory and may just have been lost with it: nothing is swept until every living upload had the time to renew its own. */
  startOver(): void;
  /** Whether a missing lease says nothing yet. */
  isGrace(): boolean;
  /** Ends the attempts whose lease ran out, so that their images are `queued` again; returns how many. The decider has the last word on each. */
  run(): Promise<number>;
}

const mostAtOnce = 10_000;
const sweeper: CommandContext['actor'] = { userId: 'service:catalog', authMethod: 'service' };

export function createSweep({ openAttempts, heldUntil, execute, onFailure, clock, leaseSeconds }: SweepOptions): Sweep {
  let graceEndsAt = later(clock(), leaseSeconds);

  async function sweepOne({ imageId, attemptId, storeId }: OpenAttempt): Promise<boolean> {
    const until = await heldUntil(attemptId);
    if (until && until > clock()) return false;
    // One id for one end of one attempt: two sweepers, or one that was interrupted, make one commit of it.
    const commandId = `lease-expired:${attemptId}`;
    // Attempts of imports are the importer's to end; the decider passes over them.
    const type = storeId === stagingStoreId ? 'FailImageStaging' : 'FailImageDataUpload';
    const command = { type, attemptId, reason: 'lease_expired' } as const;
    await execute({ envelope: { imageId, command }, context: { commandId, requestId: `sweep-${attemptId}`, actor: sweeper } });
    return true;
  }

  return {
    startOver: () => { graceEndsAt = later(clock(), leaseSeconds); },
    isGrace: () => clock() < graceEndsAt,
    async run() {
      if (clock() < graceEndsAt) return 0;
      let swept = 0;
      for (const attempt of await openAttempts(mostAtOnce)) {
        try {
          if (await sweepOne(attempt)) swept += 1;
        } catch (error) {
          onFailure(attempt, error);
        }
      }
      return swept;
    },
  };
}

const later = (moment: Date, seconds: number): Date => new Date(moment.getTime() + seconds * 1000);
