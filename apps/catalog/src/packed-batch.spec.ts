import { packed, unpacked } from './packed-batch.js';

describe('A batch of messages on its way to another thread', () => {
  it('is the same messages there, empty ones too', () => {
    const batch = ['first', '', 'thïrd'].map((text, place) => ({ sequence: 2 ** 40 + place, subject: `subject ${place}`, bytes: new TextEncoder().encode(text) }));
    const { message, transfer } = packed(batch);
    const there = structuredClone(message, { transfer });
    expect(message.bytes.byteLength).toBe(0);
    expect(unpacked(there).map((each) => ({ ...each, bytes: new Uint8Array(each.bytes) }))).toEqual(batch);
  });
});
