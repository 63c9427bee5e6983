import type { CommandContext, ImageCommandMessage } from '#libs/contracts';

export interface RetentionOptions {
  /** Deleted images that the read model shows as kept until then at the latest. */
  kept(until: Date, limit: number): Promise<readonly string[]>;
  execute(message: ImageCommandMessage): Promise<unknown>;
  onFailure(imageId: string, error: unknown): void;
  clock(): Date;
}

const mostAtOnce = 1000;
const keeper: CommandContext['actor'] = { userId: 'service:catalog', authMethod: 'service' };

/** Gives up deleted images whose time is over, so that their bytes go as those of any other deleted image. The decider has the last word on each: it may just have come back. */
export async function endRetentions({ kept, execute, onFailure, clock }: RetentionOptions): Promise<void> {
  const now = clock();
  for (const imageId of await kept(now, mostAtOnce)) {
    try {
      const command = { type: 'EndImageRetention', at: now.toISOString() } as const;
      // Repeated, or by two catalogs, it changes nothing more.
      await execute({ envelope: { imageId, command }, context: { commandId: `retention-ended:${imageId}:${now.toISOString()}`, requestId: `retention-${imageId}`, actor: keeper } });
    } catch (error) {
      onFailure(imageId, error);
    }
  }
}
