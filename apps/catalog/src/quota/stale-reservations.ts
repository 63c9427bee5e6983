import { holdersOf, type ImageState } from '#libs/domain';
import type { Reservations } from '#libs/read-model';

export interface StaleReservationsOptions {
  readonly reservations: Pick<Reservations, 'staleReservations' | 'touchReservations' | 'withdraw'>;
  imageFromLeader(imageId: string): Promise<ImageState>;
  readonly clock: () => Date;
}

/** Longer than any command waits for the log, and than any step of an upload that moves. */
const staleAfterMs = 300_000;
const mostAtOnce = 200;

/**
 * Gives back what a process that died between reserving and appending left behind, as the log's leader shows it; those of dead uploads end with
 * their attempts. Returns how many. A reservation that somebody may still hold is looked at again later.
 */
export async function withdrawStale({ reservations, imageFromLeader, clock }: StaleReservationsOptions): Promise<number> {
  const now = clock();
  const stale = await reservations.staleReservations(new Date(now.getTime() - staleAfterMs), mostAtOnce);
  if (stale.length === 0) return 0;
  const kept: string[] = [];
  for (const { holder, imageId } of stale) if (holdersOf(await imageFromLeader(imageId)).has(holder)) kept.push(holder);
  const left = stale.map(({ holder }) => holder).filter((holder) => !kept.includes(holder));
  await reservations.touchReservations(kept, now);
  await reservations.withdraw(left);
  return left.length;
}
