import { imageDecider, noImage, type ImageState } from '#libs/domain';
import { anImage, attemptId, specification } from '#libs/testing';
import { withdrawStale } from './stale-reservations.js';

const now = new Date('2026-01-01T01:00:00Z');

async function sweep(holder: string, image: ImageState) {
  const said: { touched?: readonly string[]; withdrawn?: readonly string[]; since?: Date } = {};
  const withdrawn = await withdrawStale({
    clock: () => now, imageFromLeader: () => Promise.resolve(image),
    reservations: {
      staleReservations: (since) => { said.since = since; return Promise.resolve([{ holder, imageId: 'image' }]); },
      touchReservations: (holders) => { said.touched = holders; return Promise.resolve(); },
      withdraw: (holders) => { said.withdrawn = holders; return Promise.resolve(); },
    },
  });
  return { ...said, count: withdrawn };
}
const stateOf = (status: 'saving' | 'queued'): ImageState => specification(imageDecider({ properties: -1, tags: -1, members: -1 }))(...anImage({ status })).state();

describe('Reservations that nobody touched for five minutes', () => {
  it('stay where the attempt is open, and are looked at again later', async () => {
    expect(await sweep(`attempt:${attemptId}`, stateOf('saving'))).toEqual({ since: new Date('2026-01-01T00:55:00Z'), touched: [`attempt:${attemptId}`], withdrawn: [], count: 0 });
  });

  it('go where the attempt was never recorded, is over, or its image never came to be', async () => {
    for (const image of [stateOf('queued'), noImage()]) {
      expect(await sweep(`attempt:${attemptId}`, image)).toMatchObject({ touched: [], withdrawn: [`attempt:${attemptId}`], count: 1 });
    }
  });

  it('go where they are of a command: what it added is counted, or never will be', async () => {
    expect(await sweep('command:image:1', stateOf('saving'))).toMatchObject({ withdrawn: ['command:image:1'] });
  });
});
