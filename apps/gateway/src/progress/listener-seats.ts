import { Problem } from '#libs/domain';

export interface SeatLimits {
  readonly inAll: number;
  readonly perProject: number;
}

/** How many may listen at once: each holds a connection and is written to several times a second. */
export interface ListenerSeats {
  /** Takes a seat; the returned function gives it back, once. Refuses: TooManyListeners (of this project), ListenersFull. */
  take(projectId: string): () => void;
}

export function listenerSeats({ inAll, perProject }: SeatLimits): ListenerSeats {
  const taken = new Map<string, number>();
  let all = 0;
  return {
    take(projectId) {
      const ofProject = taken.get(projectId) ?? 0;
      if (ofProject >= perProject) throw new Problem('TooManyListeners', { limit: perProject, seconds: 5 });
      if (all >= inAll) throw new Problem('ListenersFull', { seconds: 5 });
      all += 1;
      taken.set(projectId, ofProject + 1);
      let isGiven = false;
      return () => {
        if (isGiven) return;
        isGiven = true;
        all -= 1;
        const rest = (taken.get(projectId) ?? 1) - 1;
        if (rest === 0) taken.delete(projectId);
        else taken.set(projectId, rest);
      };
    },
  };
}
