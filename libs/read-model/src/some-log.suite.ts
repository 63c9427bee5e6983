import fc from 'fast-check';
import { encodeCommit, hashOfCommit, imageSubject, metadefCommits, metadefSubject, namespaceToken } from '#libs/contracts';
import {
  imageDecider, metadefDecider, noNamespace, Problem, type Image, type ImageCommand, type ImageEvent, type ImageState, type MetadefCommand, type MetadefEvent, type NamespaceState,
} from '#libs/domain';
import type { LogMessage } from './log-message.js';

/** A log in memory for the specs of this room: it decides commands as the catalog does, and keeps the state that the events fold to. */
export interface SomeLog {
  readonly messages: readonly LogMessage[];
  /** Of every image that was ever created, by its id. */
  readonly states: ReadonlyMap<string, Image>;
  /** Decides and appends; a refused command appends nothing. */
  send(imageId: string, command: ImageCommand): void;
  /** Appends a commit of these events as they are. */
  append(imageId: string, events: readonly ImageEvent[], at?: Date): void;
  appendRaw(imageId: string, bytes: Uint8Array): void;
  /** Of every name that was ever used. */
  readonly namespaces: ReadonlyMap<string, NamespaceState>;
  sendMetadef(namespace: string, command: MetadefCommand): void;
  appendMetadef(namespace: string, events: readonly MetadefEvent[]): void;
  appendMetadefRaw(namespace: string, bytes: Uint8Array): void;
  after(sequence: number): readonly LogMessage[];
}

export const logCreatedAt = '2026-01-01T00:00:00Z';
const decider = imageDecider({ properties: 128, tags: 128, members: 128 });
const start = Date.parse('2026-03-01T00:00:00.000Z');

/** `stepMs` lies between two commits. */
export function someLog(stepMs = 7): SomeLog {
  const messages: LogMessage[] = [];
  const states = new Map<string, Image>();
  const namespaces = new Map<string, NamespaceState>();
  const heads = new Map<string, { version: number; hash: string }>();
  const log: SomeLog = {
    messages, states, namespaces,
    send(imageId, command) {
      try {
        const events = decider.decide({ imageId, command }, states.get(imageId) ?? { exists: false });
        if (events.length > 0) log.append(imageId, events);
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
      }
    },
    append(imageId, events, at = new Date(start + messages.length * stepMs)) {
      const { version, hash } = heads.get(imageId) ?? { version: 0, hash: '' };
      const bytes = encodeCommit({
        aggregateId: imageId, region: 'RegionTest', service: 'catalog', at, version: version + 1, prevHash: hash,
        commandId: `command-${messages.length}`, commandType: 'Test', requestId: 'req-1', actor: { userId: 'user', authMethod: 'token' }, events,
      });
      heads.set(imageId, { version: version + 1, hash: hashOfCommit(bytes) });
      const state = events.reduce<ImageState>((before, event) => decider.evolve(before, event, at), states.get(imageId) ?? { exists: false });
      if (state.exists) states.set(imageId, state);
      log.appendRaw(imageId, bytes);
    },
    appendRaw(imageId, bytes) {
      messages.push({ sequence: messages.length + 1, subject: imageSubject('RegionTest', imageId), bytes });
    },
    sendMetadef(namespace, command) {
      try {
        const events = metadefDecider.decide({ namespace, command }, namespaces.get(namespace) ?? noNamespace());
        if (events.length > 0) log.appendMetadef(namespace, events);
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
      }
    },
    appendMetadef(namespace, events) {
      const [token, at] = [namespaceToken(namespace), new Date(start + messages.length * stepMs)];
      const { version, hash } = heads.get(token) ?? { version: 0, hash: '' };
      const bytes = metadefCommits.encode({
        aggregateId: token, region: 'RegionTest', service: 'catalog', at, version: version + 1, prevHash: hash,
        commandId: `command-${messages.length}`, commandType: 'Test', requestId: 'req-1', actor: { userId: 'user', authMethod: 'token' }, events,
      });
      heads.set(token, { version: version + 1, hash: hashOfCommit(bytes) });
      namespaces.set(namespace, events.reduce((before, event) => metadefDecider.evolve(before, event, at), namespaces.get(namespace) ?? noNamespace()));
      log.appendMetadefRaw(namespace, bytes);
    },
    appendMetadefRaw(namespace, bytes) {
      messages.push({ sequence: messages.length + 1, subject: metadefSubject('RegionTest', namespaceToken(namespace)), bytes });
    },
    after: (sequence) => messages.slice(sequence),
  };
  return log;
}

export const idOf = (number: number): string => `00000000-0000-4000-8000-${number.toString(16).padStart(12, '0')}`;

const text = fc.constantFrom('', 'a', 'Ubuntu 24.04', 'été', '日本', '🛰️', '%_\\', '"quoted"', "o'clock");
const attempt = fc.integer({ min: 0, max: 3 }).map((number) => idOf(0xa000 + number));
const member = fc.constantFrom('red', 'green', 'blue');
const attributes = fc.record({
  name: fc.option(text), owner: fc.constantFrom('red', 'green', 'blue', null), isProtected: fc.boolean(), isHidden: fc.boolean(),
  containerFormat: fc.constantFrom('bare', 'bare', null), diskFormat: fc.constantFrom('raw', 'qcow2', null),
  minDisk: fc.integer({ min: 0, max: 9 }), minRam: fc.integer({ min: 0, max: 2 ** 40 }),
});
const visibility = fc.constantFrom('public', 'community', 'shared', 'private');
const facts = fc.record({
  sizeBytes: fc.integer({ min: 0, max: 2 ** 45 }), checksum: fc.constantFrom('c1', 'c2'), osHashAlgo: fc.constant('sha512'), osHashValue: fc.constantFrom('h1', 'h2'),
}, { noNullPrototype: true });

/** Any command; those that set things up come more often, or most histories would end early. */
/** An import has an id of its own; one that is made up has that of its image. */
const ofItsImage = 'of its image';
function withImportOf(imageId: string, sent: ImageCommand): ImageCommand {
  if (sent.type === 'CreateArrivingImage') return { ...sent, request: { ...sent.request, importId: imageId } };
  return 'importId' in sent ? { ...sent, importId: imageId } : sent;
}

const actionTypes = { 'web-download': 'import', 'export-image': 'export', 'clone-image': 'clone' } as const;
const command: fc.Arbitrary<ImageCommand> = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(attributes, visibility, fc.array(text), fc.dictionary(text, text, { noNullPrototype: true })).map(([given, visible, tags, properties]) =>
    ({ type: 'CreateImage', visibility: visible, tags, properties, ...given }) as const) },
  { weight: 3, arbitrary: fc.tuple(attributes, visibility, fc.constantFrom('web-download', 'export-image', 'clone-image')).map(([given, visible, method]) => ({
    type: 'CreateArrivingImage', visibility: visible, tags: [], properties: {}, ...given,
    arrival: { actionType: actionTypes[method], location: 'https://example.org/x', imageProperties: { name: given.name } },
    request: { importId: ofItsImage, method, storeIds: ['fast'], allStoresMustSucceed: true, skipsPresent: false },
  }) as const) },
  { weight: 3, arbitrary: attempt.map((attemptId) => ({ type: 'StartStoreImport', importId: ofItsImage, attemptId, storeId: 'fast' }) as const) },
  { weight: 3, arbitrary: fc.tuple(attempt, facts).map(([attemptId, data]) => ({ type: 'CompleteStoreImport', importId: ofItsImage, attemptId, inspection: { format: 'qcow2', findings: [] }, ...data }) as const) },
  { weight: 2, arbitrary: fc.constantFrom<ImageCommand>({ type: 'FailImport', importId: ofItsImage, reason: 'cancelled' }, { type: 'FinishImport', importId: ofItsImage, reason: 'nothing came' }, { type: 'FailStoreImport', importId: ofItsImage, storeId: 'fast', reason: 'full' }) },
  { weight: 2, arbitrary: fc.tuple(text, text).map(([name, value]) => ({ type: 'ChangeImageProperties', changes: [{ of: 'property', op: 'add', name, value }] }) as const) },
  { weight: 1, arbitrary: attributes.map(({ name, isProtected, owner }) => ({ type: 'ChangeImageProperties', changes: [
    { of: 'attribute', name: 'name', value: name }, { of: 'attribute', name: 'isProtected', value: isProtected }, { of: 'attribute', name: 'owner', value: owner },
  ] }) as const) },
  { weight: 1, arbitrary: visibility.map((value) => ({ type: 'ChangeImageProperties', changes: [{ of: 'visibility', value }] }) as const) },
  { weight: 1, arbitrary: text.map((tag) => ({ type: 'AddImageTag', tag }) as const) },
  { weight: 1, arbitrary: text.map((tag) => ({ type: 'RemoveImageTag', tag }) as const) },
  { weight: 4, arbitrary: attempt.map((attemptId) => ({ type: 'StartImageDataUpload', attemptId, storeId: 'fast' }) as const) },
  { weight: 4, arbitrary: fc.tuple(attempt, facts).map(([attemptId, data]) => ({ type: 'CompleteImageDataUpload', attemptId, ...data }) as const) },
  { weight: 2, arbitrary: attempt.map((attemptId) => ({ type: 'FailImageDataUpload', attemptId, reason: 'interrupted' }) as const) },
  { weight: 2, arbitrary: attempt.map((attemptId) => ({ type: 'RecordImageDataRemoved', attemptId }) as const) },
  { weight: 2, arbitrary: fc.tuple(attempt, text, fc.constantFrom(0, 1, undefined)).map(([attemptId, name, position]) => ({ type: 'ChangeImageProperties', changes: [{
    of: 'locations', op: 'add', ...(position === undefined ? {} : { position }), location: { url: `http://example.org/${name}`, metadata: { name, of: [{ it: name }] }, found: { attemptId, storeId: 'web', sizeBytes: 12 } },
  }] }) as const) },
  { weight: 1, arbitrary: fc.constantFrom(0, 1).map((position) => ({ type: 'ChangeImageProperties', changes: [{ of: 'locations', op: 'remove', position }] }) as const) },
  { weight: 1, arbitrary: fc.constantFrom<ImageCommand>({ type: 'DeactivateImage' }, { type: 'ReactivateImage' }, { type: 'DeleteImage' }, { type: 'DeleteImage', keptUntil: '2026-11-28T00:00:00.000Z' }) },
  { weight: 1, arbitrary: fc.constantFrom<ImageCommand>({ type: 'UndeleteImage', at: '2026-11-27T00:00:00.000Z' }, { type: 'EndImageRetention', at: '2026-11-29T00:00:00.000Z' }) },
  { weight: 3, arbitrary: member.map((memberId) => ({ type: 'AddMember', memberId }) as const) },
  { weight: 2, arbitrary: fc.tuple(member, fc.constantFrom('pending', 'accepted', 'rejected')).map(([memberId, status]) => ({ type: 'ChangeMemberStatus', memberId, status }) as const) },
  { weight: 1, arbitrary: member.map((memberId) => ({ type: 'RemoveMember', memberId }) as const) },
);

/** A log of what came of these commands to a few images. */
export const generatedLog: fc.Arbitrary<SomeLog> = fc.array(fc.tuple(fc.integer({ min: 1, max: 6 }).map(idOf), command), { minLength: 1, maxLength: 80 })
  .map((commands) => {
    const log = someLog();
    for (const [imageId, sent] of commands) log.send(imageId, withImportOf(imageId, sent));
    return log;
  });

/** The same messages in batches of these sizes, taken in turn. */
export function inBatches(messages: readonly LogMessage[], sizes: readonly number[]): LogMessage[][] {
  const batches: LogMessage[][] = [];
  for (let from = 0; from < messages.length; from += batches.at(-1)?.length ?? 1) {
    batches.push(messages.slice(from, from + (sizes[batches.length % sizes.length] ?? 1)));
  }
  return batches;
}
