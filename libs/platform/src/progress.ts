import { progressSubject, type TellProgress } from '#libs/contracts';
import type { Bus } from './ask.js';

/** Tells progress to the gateways of the region, over the bus. */
export const progressTeller = (bus: Pick<Bus, 'tell' | 'region'>): TellProgress =>
  (imageId, progress) => { bus.tell(progressSubject(bus.region, imageId), progress); };
