import { openReadModel, startRebuild, type LogMessage, type ReadModel, type Rebuild } from './index.js';
import { inBatches, logCreatedAt } from './some-log.suite.js';

type Writer = Pick<ReadModel, 'applyBatch' | 'position'>;
type Applied = Awaited<ReturnType<Writer['applyBatch']>>;

/** Applies what `to` does not have yet, in batches of these sizes. Gives what was parked. */
export async function applyTo(to: Writer, messages: readonly LogMessage[], sizes: readonly number[] = [1000]): Promise<Applied['parked'][number][]> {
  let { sequence } = await to.position();
  const parked = [];
  for (const batch of inBatches(messages.slice(sequence), sizes)) {
    const applied = await to.applyBatch(batch, { after: sequence, logCreatedAt });
    sequence = applied.position;
    parked.push(...applied.parked);
  }
  return parked;
}

/** A live catalogue and one that is rebuilt beside it, closed whatever comes. */
export async function besideRebuild(place: { url: string; schema?: string }, use: (live: ReadModel, rebuild: Rebuild) => Promise<void>): Promise<void> {
  const live = await openReadModel({ ...place, poolSize: 2 });
  const rebuild = await startRebuild({ url: place.url });
  try {
    await use(live, rebuild);
  } finally {
    await rebuild.close();
    await live.close();
  }
}
