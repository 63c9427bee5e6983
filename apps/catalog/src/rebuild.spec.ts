import { memoryEventLog } from '#libs/event-log';
import { imageSubject } from '#libs/contracts';
import { foldFresh, type FreshImages, type Rebuild } from '#libs/read-model';
import { rebuildCatalog, type RebuildOptions } from './rebuild.js';

const subject = imageSubject('RegionOne', '11111111-2222-4333-8444-555555555555');

/** A log of `length` messages, a live catalogue that moves on each time it is asked, and a rebuild that notes what it is told. */
function aRebuild({ length, livePositions, folded }: { length: number; livePositions: number[]; folded?: FreshImages }) {
  const events = memoryEventLog({ messages: Array.from({ length }, (_, index) => ({ sequence: index + 1, subject, bytes: Buffer.from('{}') })) });
  const log: RebuildOptions['log'] = { ...events, follow: (options, onBatch) => events.follow(options, (batch) => onBatch(batch, folded)) };
  const told: string[] = [];
  let live = 0;
  let position = 0;
  const next: Rebuild = {
    readAhead: (batch, given) => {
      if (given) told.push(`folded ${batch[0]?.sequence}-${batch.at(-1)?.sequence}`);
      return Promise.resolve();
    },
    applyBatch: (batch, { after }) => {
      if (after !== position) throw new Error('a batch does not follow the one before');
      position = batch.at(-1)?.sequence ?? position;
      told.push(`applied ${batch[0]?.sequence}-${position}`);
      return Promise.resolve({ position, parked: [] });
    },
    position: () => Promise.resolve({ sequence: position, logCreatedAt: '' }),
    buildIndexes: () => { told.push('indexed'); return Promise.resolve(); },
    swap: () => {
      // Between being asked for its position and being locked the live one may have moved on.
      live = livePositions[0] ?? live;
      told.push(live === position ? 'swapped' : 'missed');
      return Promise.resolve(live === position);
    },
    replaceLive: () => Promise.reject(new Error('a rebuild that caught up is swapped')),
    close: () => Promise.resolve(),
  };
  const asked = { position: () => Promise.resolve({ sequence: live = livePositions.shift() ?? live, logCreatedAt: '' }) };
  const rebuild = () => rebuildCatalog({ log, live: asked, next, onProgress: () => undefined, onIndexing: () => undefined, onParked: () => undefined });
  return { rebuild, told };
}

describe('Rebuilding the catalogue beside the live one', () => {
  it('applies what the live one has, builds the indexes, and takes its place', async () => {
    const { rebuild, told } = aRebuild({ length: 3, livePositions: [3] });
    expect(await rebuild()).toBe(3);
    expect(told).toEqual(['applied 1-3', 'indexed', 'swapped']);
  });

  it('never passes the live one, so that both can meet', async () => {
    const { rebuild, told } = aRebuild({ length: 9, livePositions: [4] });
    expect(await rebuild()).toBe(4);
    expect(told).toEqual(['applied 1-4', 'indexed', 'swapped']);
  });

  it('follows a live one that moved on, and builds the indexes once', async () => {
    const { rebuild, told } = aRebuild({ length: 9, livePositions: [4, 6, 9] });
    expect(await rebuild()).toBe(9);
    expect(told).toEqual(['applied 1-4', 'indexed', 'missed', 'applied 5-6', 'missed', 'applied 7-9', 'swapped']);
  });

  it('takes what another thread has folded of a batch, where all of it is due', async () => {
    const folded = await foldFresh([]);
    const whole = aRebuild({ length: 3, livePositions: [3], folded });
    await whole.rebuild();
    expect(whole.told).toEqual(['folded 1-3', 'applied 1-3', 'indexed', 'swapped']);
    const part = aRebuild({ length: 9, livePositions: [4], folded });
    await part.rebuild();
    expect(part.told).toEqual(['applied 1-4', 'indexed', 'swapped']);
  });

  it('takes the place of an empty one at once', async () => {
    const { rebuild, told } = aRebuild({ length: 0, livePositions: [0] });
    expect(await rebuild()).toBe(0);
    expect(told).toEqual(['indexed', 'swapped']);
  });
});
