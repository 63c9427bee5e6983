import type { ReservationAnswer, ReservationQuestion } from '#libs/contracts';

/** Asks the catalog to reserve room for bytes. Refuses: LimitReached. */
export type AskRoom = (question: ReservationQuestion) => Promise<ReservationAnswer>;

type Reserved = ReservationQuestion extends infer Question ? Question extends unknown ? Omit<Question, 'needBytes' | 'isUnannounced'> : never : never;

/**
 * Sees to it that no byte of a transfer passes for which its project has no room. What was announced is reserved already; of what was not, more is
 * reserved in steps, ahead of the bytes. Undefined: go on; a promise: wait for it. Refuses: LimitReached.
 */
export function reservedRoom(ask: AskRoom, reserved: Reserved, announcedBytes: number | undefined): (receivedBytes: number) => Promise<void> | undefined {
  let grantedBytes = announcedBytes ?? 0;
  return (receivedBytes) => {
    if (receivedBytes <= grantedBytes) return undefined;
    return ask({ ...reserved, needBytes: receivedBytes, isUnannounced: true } as ReservationQuestion).then((answer) => { grantedBytes = answer.grantedBytes ?? Infinity; });
  };
}
