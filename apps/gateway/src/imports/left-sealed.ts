import { Problem, type Image, type ProblemCode } from '#libs/domain';
import type { SealedTokenDrop } from '#libs/event-log';

interface LeftSealed { readonly importId: string; readonly sealed: string; readonly until: Date }

/** Leaves what an import needs, sealed, where the service that needs it finds it, and then requests the import; what no import came of is taken back.
 *  Refuses: Unavailable, and what `send` does. */
export async function leavingSealed(drop: SealedTokenDrop, { importId, sealed, until }: LeftSealed, send: () => Promise<Image>): Promise<void> {
  /** What cannot be taken back goes with its expiry. */
  const takeBack = (): Promise<void> => drop.withdraw(importId).catch(() => undefined);
  await drop.put(importId, sealed, until);
  try {
    const image = await send();
    if (image.importing?.importId !== importId) await takeBack();
  } catch (error) {
    // After any other failure nobody knows whether the import was recorded.
    if (error instanceof Problem && !unknownOutcome.has(error.code)) await takeBack();
    throw error;
  }
}

const unknownOutcome: ReadonlySet<ProblemCode> = new Set(['Unavailable', 'NotYetVisible']);
