import { checkedCommandMessage } from './command-message.js';

const imageId = '11111111-2222-4333-8444-555555555555';
const context = { commandId: 'c1', requestId: 'req-1', actor: { userId: 'u', projectId: 'p', authMethod: 'password' } };
const message = (command: unknown, more: object = {}) => ({ envelope: { imageId, command, ...more }, context });
const refusal = (given: unknown): unknown => {
  try {
    return { accepted: checkedCommandMessage(given) };
  } catch (error) {
    return { code: (error as { code?: string }).code, detail: (error as Error).message };
  }
};

const create = {
  type: 'CreateImage', visibility: 'private', tags: ['t'], properties: { os: 'linux' }, name: null, owner: 'p', isProtected: false, isHidden: false,
  containerFormat: 'bare', diskFormat: 'raw', minDisk: 0, minRam: 0,
};

describe('A command as it reaches the catalog', () => {
  it('is taken as it is when every field fits', () => {
    const given = message(create, { authorizedFor: { owner: null, visibility: 'public' } });
    expect(checkedCommandMessage(given)).toEqual(given);
  });

  it.each([
    { type: 'ChangeImageProperties', changes: [{ of: 'attribute', name: 'minDisk', value: 3 }, { of: 'tags', value: ['x'] }, { of: 'visibility', value: 'public' }] },
    { type: 'ChangeImageProperties', changes: [{ of: 'property', op: 'remove', name: 'x' }, { of: 'property', op: 'add', name: 'x', value: '' }] },
    { type: 'ChangeImageProperties', changes: [
      { of: 'locations', op: 'add', position: 0, location: { url: 'http://x/', metadata: { a: ['b', { c: 'd' }] }, validation: { checksum: 'c' }, found: { attemptId: imageId, storeId: 'web', sizeBytes: 1 } } },
      { of: 'locations', op: 'replace', locations: [{ url: 'http://x/', metadata: {} }] }, { of: 'locations', op: 'remove' },
    ] },
    { type: 'StartImageDataUpload', attemptId: imageId, storeId: 'fast' },
    { type: 'CompleteImageDataUpload', attemptId: imageId, sizeBytes: 0, checksum: 'a', osHashAlgo: 'sha512', osHashValue: 'b' },
    { type: 'FailImageDataUpload', attemptId: imageId, reason: 'interrupted' },
    { type: 'CompleteImageDataUpload', attemptId: imageId, inspection: { format: 'qcow2', virtualSizeBytes: 5, findings: [] }, sizeBytes: 0, checksum: 'a', osHashAlgo: 'sha512', osHashValue: 'b' },
    { type: 'RecordDataInspection', attemptId: imageId, inspection: { findings: [{ rule: 'any.ambiguous', detail: 'iso, qcow2' }] } },
    { type: 'ChangeMemberStatus', memberId: 'p', status: 'accepted' },
    { type: 'DeleteImage' },
  ])('keeps the fields of $type', (command) => {
    expect(checkedCommandMessage(message(command)).envelope.command).toEqual(command);
  });

  it('loses fields that no command has', () => {
    const { envelope } = checkedCommandMessage(message({ type: 'DeleteImage', evil: true }));
    expect(envelope.command).toEqual({ type: 'DeleteImage' });
  });

  it.each([
    ['nothing at all', undefined, 'the command must be an object'],
    ['a list', [], 'the command must be an object'],
    ['an unknown command', message({ type: 'PurgeImage' }), 'envelope.command.type must be one of'],
    ['a command named like something every object has', message({ type: 'constructor' }), 'envelope.command.type must be one of'],
    ['an id in upper case', { envelope: { imageId: imageId.replace('11111111', 'AAAAAAAA'), command: { type: 'DeleteImage' } }, context }, 'envelope.imageId must be a lower-case UUID'],
    ['an id with a wildcard', { envelope: { imageId: '*', command: { type: 'DeleteImage' } }, context }, 'envelope.imageId must be a lower-case UUID'],
    ['a name that is too long', message({ ...create, name: 'x'.repeat(256) }), 'name must be text of at most 255'],
    ['a negative size', message({ ...create, minDisk: -1 }), 'minDisk must be a whole number'],
    ['a property that is no text', message({ ...create, properties: { os: { a: 1 } } }), 'properties must be text'],
    ['too many tags', message({ ...create, tags: Array.from({ length: 10_001 }, () => 't') }), 'tags must be a list of at most'],
    ['a change of nothing known', message({ type: 'ChangeImageProperties', changes: [{ of: 'status', value: 'active' }] }), 'changes.of must be one of'],
    ['a change of the wrong type', message({ type: 'ChangeImageProperties', changes: [{ of: 'attribute', name: 'isHidden', value: 'yes' }] }), 'value must be true or false'],
    ['a number in the metadata of a location', message({ type: 'ChangeImageProperties', changes: [{ of: 'locations', op: 'replace', locations: [{ url: 'x', metadata: { a: 1 } }] }] }), 'metadata must hold text'],
    ['a missing actor', { ...message({ type: 'DeleteImage' }), context: { commandId: 'c', requestId: 'r' } }, 'context.actor must be an object'],
  ])('refuses %s and names the field', (_, given, detail) => {
    expect(refusal(given)).toMatchObject({ code: 'InvalidRequest', detail: expect.stringContaining(detail) as string });
  });
});
