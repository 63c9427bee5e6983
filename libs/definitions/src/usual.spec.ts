import { metadefDecider } from '#libs/domain';
import { readNamespaceDocument, usualNamespaces } from '#libs/definitions';

describe('The usual namespaces', () => {
  it.each(usualNamespaces.map((document) => [document.namespace, document] as const))('%s can be read and created, and says what everything is for', (_, document) => {
    const { name, attributes, content } = readNamespaceDocument(JSON.parse(JSON.stringify(document)));
    expect(metadefDecider.decide({ namespace: name, command: { type: 'CreateMetadefNamespace', ...attributes, ...content } }, { exists: false })).toHaveLength(1);
    expect(attributes).toMatchObject({ visibility: 'public', owner: 'admin' });
    expect(attributes.description).toMatch(/^[A-Z].*\.$/);
    const definitions = [...content.properties, ...content.objects.flatMap(({ properties }) => properties)].map(({ definition }) => definition);
    expect(definitions.length).toBeGreaterThan(0);
    for (const { title, description } of definitions) expect([title.length > 0, description]).toEqual([true, expect.stringMatching(/\.$/)]);
  });

  it('have names of their own, and every enumeration names each word once', () => {
    expect(new Set(usualNamespaces.map(({ namespace }) => namespace)).size).toBe(usualNamespaces.length);
    for (const document of usualNamespaces) {
      for (const { definition } of readNamespaceDocument(document).content.properties) {
        const words = definition.enum ?? definition.items?.enum ?? [];
        expect(new Set(words).size).toBe(words.length);
      }
    }
  });
});
