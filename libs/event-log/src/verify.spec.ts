import { randomUUID } from 'node:crypto';
import { imageSubject, metadefSubject, namespaceToken } from '#libs/contracts';
import { imageDecider, type ImageCommand, type MetadefCommand } from '#libs/domain';
import type { Stored } from './event-log.js';
import { createExecutor } from './execute.js';
import { createMetadefExecutor } from './execute-metadefs.js';
import { memoryEventLog } from './memory.js';
import { repairTail } from './repair.js';
import type { Finding } from './finding.js';
import { verifyLog } from './verify.js';

const region = 'RegionOne';
const creation: ImageCommand = {
  type: 'CreateImage', visibility: 'private', tags: [], properties: {}, name: 'n', owner: 'p', isProtected: false, isHidden: false,
  containerFormat: null, diskFormat: null, minDisk: 0, minRam: 0,
};

/** The messages of two images, 10 commits in turns: image 0 has the odd sequences, image 1 the even ones. */
async function tenMessages(imageIds: readonly [string, string]): Promise<Stored[]> {
  const log = memoryEventLog();
  const { execute } = createExecutor({ log, region, service: 'catalog', decider: imageDecider({ properties: -1, tags: -1, members: -1 }), clock: () => new Date() });
  for (let round = 0; round < 5; round++) {
    for (const imageId of imageIds) {
      const command: ImageCommand = round === 0 ? creation : { type: 'AddImageTag', tag: `tag-${round}` };
      await execute({ envelope: { imageId, command }, context: { commandId: randomUUID(), requestId: 'req', actor: { userId: 'u', authMethod: 'password' } } });
    }
  }
  return [...await log.read(imageSubject(region, imageIds[0])), ...await log.read(imageSubject(region, imageIds[1]))].sort((a, b) => a.sequence - b.sequence);
}

async function findingsOf(messages: readonly Stored[], tail: readonly Stored[] = []): Promise<Finding[]> {
  const findings: Finding[] = [];
  await verifyLog(memoryEventLog({ messages }), { tail, onFinding: (finding) => findings.push(finding) });
  return findings;
}

describe('verifyLog', () => {
  const imageIds = [randomUUID(), randomUUID()] as const;
  const subject = imageSubject(region, imageIds[0]);
  let messages: Stored[];
  beforeEach(async () => { messages = await tenMessages(imageIds); });

  const altered = (sequence: number, change: (text: string) => string) => messages.map((message) =>
    message.sequence === sequence ? { ...message, bytes: Buffer.from(change(Buffer.from(message.bytes).toString())) } : message);

  it('finds nothing in a whole log, and counts what it read', async () => {
    const progress: number[] = [];
    const verified = await verifyLog(memoryEventLog({ messages }), { onFinding: (finding) => { throw new Error(finding.detail); }, onProgress: ({ sequence }) => progress.push(sequence) });
    expect(verified).toEqual({ messages: 10, aggregates: 2, findings: 0, lastSequence: 10 });
    expect(progress.at(-1)).toBe(10);
  });

  it('ends at once on an empty log', async () => {
    expect(await verifyLog(memoryEventLog(), { onFinding: () => undefined })).toEqual({ messages: 0, aggregates: 0, findings: 0, lastSequence: 0 });
  });

  it('names a commit in which a byte was changed', async () => {
    const findings = await findingsOf(altered(5, (text) => text.replace('tag-2', 'tag-X')));
    expect(findings).toMatchObject([{ kind: 'broken-chain', sequence: 7, subject, version: 4, detail: expect.stringContaining('version 3 at sequence 5 was altered') as string }]);
  });

  it('names a commit that no longer reads as one', async () => {
    const findings = await findingsOf(altered(5, (text) => text.replace('{', '[')));
    expect(findings).toMatchObject([{ kind: 'foreign', sequence: 5, subject }, { kind: 'broken-chain', sequence: 7, detail: expect.stringContaining('what stood between is gone') as string }]);
  });

  it('names an event that does not fit its schema', async () => {
    const findings = await findingsOf(altered(9, (text) => text.replace('"tag":"tag-4"', '"tag":4')));
    expect(findings).toMatchObject([{ kind: 'foreign', sequence: 9, subject }]);
  });

  it('names a message that was removed', async () => {
    const findings = await findingsOf(messages.filter(({ sequence }) => sequence !== 5));
    expect(findings).toMatchObject([{ kind: 'missing', sequence: 5 }, { kind: 'broken-chain', sequence: 7, subject, version: 4 }]);
  });

  it('names what is missing at the beginning', async () => {
    expect(await findingsOf(messages.slice(2))).toMatchObject([
      { kind: 'missing', sequence: 1, detail: 'the messages at sequences 1 to 2 are missing' }, { kind: 'broken-chain', sequence: 3 }, { kind: 'broken-chain', sequence: 4 },
    ]);
  });

  it('names a commit that somebody else appended a second time', async () => {
    expect(await findingsOf([...messages, { ...messages[4]!, sequence: 11 }])).toMatchObject([{ kind: 'foreign', sequence: 11, subject, version: 3 }]);
  });

  it('names a commit that stands in the subject of another image', async () => {
    expect(await findingsOf([...messages, { ...messages[9]!, sequence: 11, subject }])).toMatchObject([
      { kind: 'foreign', sequence: 11, subject, detail: expect.stringContaining(imageIds[1]) as string },
    ]);
  });

  it('names a change of the newest commit where it was kept outside of the log', async () => {
    const changed = altered(10, (text) => text.replace('tag-4', 'tag-X'));
    expect(await findingsOf(changed)).toEqual([]);
    expect(await findingsOf(changed, messages.slice(-3))).toMatchObject([{ kind: 'altered', sequence: 10 }]);
  });

  it('does not wait for newest messages that were removed', async () => {
    const log = memoryEventLog({ messages: messages.slice(0, 8) });
    const findings: Finding[] = [];
    await verifyLog({ ...log, extent: async () => ({ ...await log.extent(), lastSequence: 10 }) }, { onFinding: (finding) => findings.push(finding) });
    expect(findings).toMatchObject([{ kind: 'missing', sequence: 9, detail: 'the messages at sequences 9 to 10 are missing' }]);
  });
});

describe('verifyLog, of namespaces', () => {
  const [name, attributes] = ['OS::Test', { displayName: null, description: null, visibility: 'public', isProtected: false, owner: 'p' } as const];
  let messages: Stored[];
  beforeEach(async () => {
    const log = memoryEventLog();
    const { execute } = createMetadefExecutor({ log, region, service: 'catalog', clock: () => new Date() });
    const commands: MetadefCommand[] = [
      { type: 'CreateMetadefNamespace', ...attributes, resourceTypes: [], properties: [], objects: [], tags: [] }, { type: 'AddMetadefTag', name: 'tag-1' },
      { type: 'DeleteMetadefNamespace' }, { type: 'CreateMetadefNamespace', ...attributes, resourceTypes: [], properties: [], objects: [], tags: [] },
    ];
    for (const command of commands) await execute({ envelope: { namespace: name, command }, context: { commandId: randomUUID(), requestId: 'req', actor: { userId: 'u', authMethod: 'password' } } });
    messages = await log.read(metadefSubject(region, namespaceToken(name)));
  });

  it('follows one name through deletion and creation', async () => {
    expect(messages).toHaveLength(4);
    expect(await findingsOf(messages)).toEqual([]);
  });

  it('names a commit in which a byte was changed, and one of another kind under the subject', async () => {
    const altered = messages.map((message) => message.sequence === 2 ? { ...message, bytes: Buffer.from(Buffer.from(message.bytes).toString().replace('tag-1', 'tag-X')) } : message);
    expect(await findingsOf(altered)).toMatchObject([{ kind: 'broken-chain', sequence: 3 }]);
    const [image] = await tenMessages([randomUUID(), randomUUID()]);
    expect(await findingsOf([...messages, { sequence: 5, subject: messages[0]?.subject ?? '', bytes: image?.bytes ?? Buffer.alloc(0) }])).toMatchObject([
      { kind: 'foreign', sequence: 5, detail: expect.stringContaining('not a commit of a namespace') as string }]);
  });

  it('are put back where the log lost them', async () => {
    const log = memoryEventLog({ messages: messages.slice(0, 1) });
    expect(await repairTail(log, messages, { apply: true, report: () => undefined })).toEqual({ outcome: 'repaired', lost: 3, lastSequence: 4 });
    expect(await log.read(metadefSubject(region, namespaceToken(name)))).toEqual(messages);
  });
});
