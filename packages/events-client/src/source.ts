import type { ImageEvent } from './event.js';

/** Where events come from. Sources: `httpSource`, `natsSource`. */
export interface Source {
  /**
   * Events after `position`, oldest first, then as they happen. Each comes with the position after it: kept, it is where to go on. A position
   * belongs to the source that gave it. May end or throw at any time, when a connection breaks or a token ends: ask again, from the last position.
   */
  from(position: Position, signal: AbortSignal): AsyncIterable<Delivery>;
}

/** `beginning`: with the oldest event that is there. `latest`: with the next that happens. Else what a delivery gave. */
export type Position = 'beginning' | 'latest' | (string & {});

/** Without an event where only the position has moved: what lies before it fits no filter. */
export interface Delivery { readonly event?: ImageEvent; readonly position: string }

/** The source says that this will never work: it was asked for something that does not exist or is not allowed. */
export class Refused extends Error {
  override readonly name = 'Refused';
}
