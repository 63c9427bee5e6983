import { noUsage, type Claim, type Resource } from '#libs/domain';
import { createCaps } from './caps.js';

const one = (resource: Resource): Claim[] => [{ holder: 'command:1', resource, amount: 1, isUnannounced: false, isNew: true }];

function someCaps(caps: { images: number; uploads: number }, images: number) {
  const held = { nowMs: 0, images, asked: 0 };
  const ensure = createCaps({
    caps, clock: () => new Date(held.nowMs), usageOfProject: () => { held.asked += 1; return Promise.resolve({ ...noUsage, images: held.images }); },
  });
  return { held, ensure };
}

describe('Caps of every project', () => {
  it('refuse what is over them, counting what was added since they looked', async () => {
    const { ensure } = someCaps({ images: 3, uploads: 0 }, 1);
    await ensure('p', one('images'));
    await ensure('p', one('images'));
    await expect(ensure('p', one('images'))).rejects.toMatchObject({ code: 'LimitReached', params: { resource: 'image_count_total', limit: '3' } });
    await ensure('other', one('images'));
  });

  it('look at what a project uses once a second', async () => {
    const { ensure, held } = someCaps({ images: 3, uploads: 0 }, 1);
    for (let times = 0; times < 2; times += 1) await ensure('p', one('images'));
    expect(held.asked).toBe(1);
    Object.assign(held, { nowMs: 1000, images: 2 });
    await ensure('p', one('images'));
    expect(held.asked).toBe(2);
  });

  it('of 0 are none, and bytes have none', async () => {
    const { ensure, held } = someCaps({ images: 1, uploads: 0 }, 5);
    await ensure('p', one('uploads'));
    await ensure('p', one('sizeBytes'));
    expect(held.asked).toBe(0);
  });
});
