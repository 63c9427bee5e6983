import fc from 'fast-check';
import { encodeCommit, hashOfCommit } from '#libs/contracts';
import { evolveImage, imageDecider, noImage, Problem, type ImageCommand, type ImageState } from '#libs/domain';
import { stepsOf } from '../images/history-steps.js';
import { stepAt, untilIn } from './until.js';

const imageId = '11111111-2222-4333-8444-555555555555';
const attempts = [1, 2, 3].map((number) => `00000000-0000-4000-8000-00000000000${number}`);
const decider = imageDecider({ properties: -1, tags: -1, members: -1 });
const create: ImageCommand = {
  type: 'CreateImage', visibility: 'shared', tags: [], properties: {}, name: 'first', owner: 'red', isProtected: false, isHidden: false, containerFormat: 'bare', diskFormat: 'raw', minDisk: 0, minRam: 0,
};

const text = fc.constantFrom('a', 'b', 'été', '日本');
const attemptId = fc.constantFrom(...attempts);
const command: fc.Arbitrary<ImageCommand> = fc.oneof(
  fc.tuple(text, text).map(([name, value]) => ({ type: 'ChangeImageProperties', changes: [{ of: 'property', op: 'add', name, value }] }) as const),
  fc.constantFrom('red', 'green').map((value) => ({ type: 'ChangeImageProperties', changes: [{ of: 'attribute', name: 'owner', value }] }) as const),
  fc.constantFrom('public', 'private', 'shared', 'community').map((value) => ({ type: 'ChangeImageProperties', changes: [{ of: 'visibility', value }] }) as const),
  text.map((tag) => ({ type: 'AddImageTag', tag }) as const),
  text.map((tag) => ({ type: 'RemoveImageTag', tag }) as const),
  attemptId.map((id) => ({ type: 'StartImageDataUpload', attemptId: id, storeId: 'fast' }) as const),
  attemptId.map((id) => ({ type: 'CompleteImageDataUpload', attemptId: id, sizeBytes: 12, checksum: 'c', osHashAlgo: 'sha512', osHashValue: 'h' }) as const),
  attemptId.map((id) => ({ type: 'FailImageDataUpload', attemptId: id, reason: 'interrupted' }) as const),
  fc.constantFrom<ImageCommand>({ type: 'DeactivateImage' }, { type: 'ReactivateImage' }, { type: 'AddMember', memberId: 'q' }, { type: 'RemoveMember', memberId: 'q' }),
  fc.constant({ type: 'DeleteImage' } as const),
);

interface Recorded { readonly at: Date; readonly sequence: number; readonly version: number; readonly state: ImageState }

/** Carries the commands out, and records the state after each commit, as it was folded then. Several commits may have one time, and other commits of the log lie between. */
function lived(commands: readonly (readonly [ImageCommand, number, number])[]): { recorded: Recorded[]; messages: { sequence: number; bytes: Uint8Array }[] } {
  const recorded: Recorded[] = [];
  const messages: { sequence: number; bytes: Uint8Array }[] = [];
  let [state, prevHash, now, sequence] = [noImage(), '', Date.UTC(2026, 0, 1), 0];
  for (const [sent, passedMs, between] of [[create, 0, 1] as const, ...commands]) {
    now += passedMs;
    let events;
    try {
      events = decider.decide({ imageId, command: sent }, state);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      continue;
    }
    if (events.length === 0) continue;
    sequence += between;
    const [at, version] = [new Date(now), recorded.length + 1];
    state = events.reduce((before, event) => evolveImage(before, event, at), state);
    const bytes = encodeCommit({ aggregateId: imageId, region: 'R', service: 'catalog', at, version, prevHash, commandId: `c${version}`, commandType: sent.type, requestId: 'r', actor: { userId: 'u', authMethod: 'token' }, events });
    prevHash = hashOfCommit(bytes);
    messages.push({ sequence, bytes });
    recorded.push({ at, sequence, version, state });
  }
  return { recorded, messages };
}

const life = fc.array(fc.tuple(command, fc.constantFrom(0, 0, 1, 1000, 86_400_000), fc.integer({ min: 1, max: 5 })), { maxLength: 30 });

describe('The state of an image at a moment', () => {
  it('is what was recorded then, in a thousand random histories, at every moment, sequence and version, and between them', () => {
    fc.assert(fc.property(life, (commands) => {
      const { recorded, messages } = lived(commands);
      const steps = stepsOf(imageId, messages);
      for (const { at, sequence, version, state } of recorded) {
        for (const offset of [-1, 0, 1]) {
          const [moment, place] = [new Date(at.getTime() + offset), sequence + offset];
          expect(stepAt(steps, { at: moment })?.after).toEqual(recorded.findLast((each) => each.at <= moment)?.state);
          expect(stepAt(steps, { sequence: place })?.after).toEqual(recorded.findLast((each) => each.sequence <= place)?.state);
        }
        expect(stepAt(steps, { version })?.after).toEqual(state);
      }
    }), { numRuns: 1000 });
  });
});

describe('Up to when', () => {
  it('is one of a moment, a sequence and a version', () => {
    expect(untilIn({ at: '2026-01-01T00:00:00.000Z' }, 'until')).toEqual({ at: new Date('2026-01-01T00:00:00.000Z') });
    expect(untilIn({ sequence: 7 }, 'until')).toEqual({ sequence: 7 });
    expect(untilIn({ version: 7 }, 'until')).toEqual({ version: 7 });
  });

  it.each([{}, { at: 'yesterday' }, { sequence: -1 }, { sequence: 1, version: 1 }, { version: '1' }, 7, null])('refuses %p', (given) => {
    expect(() => untilIn(given, 'until')).toThrow(expect.objectContaining({ code: 'InvalidRequest' }) as Error);
  });
});
