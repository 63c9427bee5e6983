import { createSealer, memoryPersonKeys } from './sealing.js';

describe('sealed personal values', () => {
  const place = { userId: 'ada', commitId: 'image:command' };
  const personal = { sourceAddress: '2001:db8::7', userName: 'Ada' };

  it('come back as they were, absent ones absent', async () => {
    const sealer = createSealer(memoryPersonKeys());
    expect(await sealer.unseal(await sealer.seal(personal, place), place)).toEqual(personal);
    expect(await sealer.unseal(await sealer.seal({ userName: 'Ada' }, place), place)).toEqual({ userName: 'Ada' });
  });

  it('are never sealed twice into the same text', async () => {
    const sealer = createSealer(memoryPersonKeys());
    expect(await sealer.seal(personal, place)).not.toBe(await sealer.seal(personal, place));
  });

  it('are gone with the key, also when the person acts again', async () => {
    const keys = memoryPersonKeys();
    const sealer = createSealer(keys);
    const sealed = await sealer.seal(personal, place);
    await keys.throwAway(place.userId);
    expect(await sealer.unseal(sealed, place)).toBeUndefined();
    await sealer.seal(personal, place);
    expect(await sealer.unseal(sealed, place)).toBeUndefined();
  });

  it('open neither for another person nor in another commit', async () => {
    const keys = memoryPersonKeys();
    const sealer = createSealer(keys);
    const sealed = await sealer.seal(personal, place);
    await keys.keyOf('bob', { create: true });
    expect(await sealer.unseal(sealed, { ...place, userId: 'bob' })).toBeUndefined();
    expect(await sealer.unseal(sealed, { ...place, commitId: 'image:other' })).toBeUndefined();
  });

  it('do not open where a bit was changed or the text is cut', async () => {
    const sealer = createSealer(memoryPersonKeys());
    const bytes = Buffer.from(await sealer.seal(personal, place), 'base64url');
    bytes[20]! ^= 1;
    expect(await sealer.unseal(bytes.toString('base64url'), place)).toBeUndefined();
    expect(await sealer.unseal('AAAA', place)).toBeUndefined();
  });
});
