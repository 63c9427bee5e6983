import { makeDigest, readDigestKey, type DigestPlace, type EventLog, type MadeDigest } from '#libs/event-log';

export interface DigestsOptions {
  readonly log: EventLog;
  readonly region: string;
  readonly place: DigestPlace;
  readonly keyFile: string;
  readonly clock: () => Date;
  /** Told what came of each, and of a fault that kept it from being made. */
  onMade(made: MadeDigest): void;
  onFailure(error: unknown): void;
}

/** One digest of the log. The key is read each time, so that it can be replaced; never rejects. */
export async function digestOnce({ log, region, place, keyFile, clock, onMade, onFailure }: DigestsOptions, signal: AbortSignal): Promise<void> {
  try {
    onMade(await makeDigest(log, { place, region, privateKey: await readDigestKey(keyFile), clock, signal }));
  } catch (error) {
    if (!signal.aborted) onFailure(error);
  }
}
