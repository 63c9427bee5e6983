import {
  addressOf, auditConsumerName, auditConsumerPrefix, auditFilter, auditSubject, commandSubject, imageIdOfProgress, imageSubject, leaseSubject, metadefSubject, namespaceOfToken, namespaceToken, progressSubject, sealedSubject, streamName,
} from '#libs/contracts';

const imageId = '11111111-2222-4333-8444-555555555555';

describe('A subject', () => {
  it('is one per image', () => {
    expect(imageSubject('RegionOne', imageId)).toBe(`glance.RegionOne.image.${imageId}`);
  });

  it('leads back to its image', () => {
    expect(addressOf(imageSubject('RegionOne', imageId))).toEqual({ kind: 'image', token: imageId });
  });

  it('of progress leads back to its image, and no other subject does', () => {
    expect(imageIdOfProgress(progressSubject('RegionOne', imageId))).toBe(imageId);
    for (const other of [imageSubject('RegionOne', imageId), `progress.RegionOne.${imageId}.more`, 'progress.RegionOne.*', `progress.RegionOne.${'-'.repeat(36)}`]) {
      expect(imageIdOfProgress(other)).toBeUndefined();
    }
  });

  it.each(['', '*', '>', 'a.b', imageId.toUpperCase().replace('1', 'A'), `${imageId}.>`, `${imageId} `, '../etc', 'x'.repeat(36)])(
    'is never built from the id %j', (id) => {
      expect(() => imageSubject('RegionOne', id)).toThrow('lower-case UUID');
      expect(() => leaseSubject('RegionOne', id)).toThrow('lower-case UUID');
      expect(() => progressSubject('RegionOne', id)).toThrow('lower-case UUID');
      expect(() => sealedSubject('RegionOne', id)).toThrow('lower-case UUID');
    });

  it.each(['', '*', 'a.b', 'a b', '>', 'x'.repeat(65)])('is never built from the region %j', (region) => {
    expect(() => streamName(region)).toThrow('not a region name');
    expect(() => commandSubject(region, 'image')).toThrow('not a region name');
  });

  it.each(['glance.RegionOne.image', 'glance.RegionOne.image.a.b', 'other.RegionOne.image.a', 'glance.RegionOne.planet.a', 'glance..image.a'])(
    'is not read from %j', (subject) => {
      expect(() => addressOf(subject)).toThrow('not a subject of the log');
    });
});

describe('The subject of a namespace', () => {
  const names = ['OS::Compute::Hypervisor', 'a', '*.>', '../etc', 'ä ö', '日本'.repeat(40), '\u{1F6F0}'.repeat(80), 'x'.repeat(80), ' ', '\t'];

  it.each(names)('is one per name, and leads back to %j', (name) => {
    const { kind, token } = addressOf(metadefSubject('RegionOne', namespaceToken(name)));
    expect([kind, namespaceOfToken(token)]).toEqual(['metadef', name]);
  });

  it('differs where names do, also by case or normal form', () => {
    const odd = [...names, 'A', 'e\u0301', '\u00e9'];
    expect(new Set(odd.map(namespaceToken)).size).toBe(odd.length);
  });

  it.each(['', 'x'.repeat(81), '\u{1F6F0}'.repeat(81), 'a\0b', '\ud800'])('is never built from the name %j', (name) => {
    expect(() => namespaceToken(name)).toThrow('must have 1 to 80 characters');
  });

  it.each(['', '*', 'a.b', 'YQ==', 'YR', '_w', 'x'])('is never built from the token %j', (token) => {
    expect(() => metadefSubject('RegionOne', token)).toThrow('not the token of a namespace');
  });

  it('of the audit stream is one for each project, kind and type, whatever the identity service calls the project', () => {
    expect(auditSubject('RegionOne', { projectId: 'alpha' }, 'image', 'ImageCreated')).toBe('audit.RegionOne.project.YWxwaGE.image.ImageCreated');
    expect(auditSubject('RegionOne', 'public', 'image', 'ImageCreated')).toBe('audit.RegionOne.public.image.ImageCreated');
    for (const projectId of ['a.b', '*', '>', 'a b', 'ä']) expect(auditFilter('RegionOne', { projectId })).toMatch(/^audit\.RegionOne\.project\.[A-Za-z0-9_-]+\.>$/);
    for (const projectId of ['', 'x'.repeat(256), '\ud800']) expect(() => auditFilter('RegionOne', { projectId })).toThrow('not the id of a project');
    for (const type of ['', 'a.b', '*', '>']) expect(() => auditSubject('RegionOne', 'public', 'image', type)).toThrow('not a type of event');
  });

  it('names consumers so that no project can name another one\'s', () => {
    const names = ['a', 'aa', 'b~'].flatMap((projectId) => [auditConsumerName(projectId, 'siem', 'project'), auditConsumerName(projectId, 'siem', 'public')]);
    expect(new Set(names).size).toBe(names.length);
    expect(auditConsumerName('alpha', 'siem', 'project')).toBe(`${auditConsumerPrefix('alpha')}siem`);
    for (const name of ['', '*', 'a.b', 'a~b', 'a_b', 'x'.repeat(33)]) expect(() => auditConsumerName('alpha', name, 'project')).toThrow('letters, digits and dashes');
  });
});
