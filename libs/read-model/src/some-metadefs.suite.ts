import fc from 'fast-check';
import type { MetadefCommand } from '#libs/domain';
import { idOf, someLog, type SomeLog } from './some-log.suite.js';
import { anImage } from '#libs/testing';

export const namespaceNames = ['OS::A', 'OS::B', '日本 🛰️', '%_\\"quoted"'] as const;

const word = fc.constantFrom('a', 'b', 'été', '__proto__', '🛰️');
const definition = fc.record({
  type: fc.constantFrom('string', 'integer'), title: word, minimum: fc.constantFrom(0, -1, 2 ** 60, 1e30), enum: fc.array(word), readonly: fc.boolean(), items: fc.record({ type: fc.constant('string') }, { noNullPrototype: true }),
}, { requiredKeys: ['type', 'title'], noNullPrototype: true });
const property = fc.record({ name: word, definition }, { noNullPrototype: true });
const object = fc.record({ name: word, required: fc.array(word), properties: fc.uniqueArray(property, { selector: ({ name }) => name, maxLength: 2 }) }, { noNullPrototype: true });
const attributes = fc.record({
  displayName: fc.option(word), description: fc.option(word), visibility: fc.constantFrom('public', 'private'), isProtected: fc.boolean(), owner: fc.constantFrom('red', 'green'),
}, { noNullPrototype: true });
const resourceType = fc.record({ name: word, prefix: word }, { requiredKeys: ['name'], noNullPrototype: true });

const command: fc.Arbitrary<MetadefCommand> = fc.oneof(
  { weight: 5, arbitrary: fc.tuple(attributes, fc.uniqueArray(word), fc.uniqueArray(property, { selector: ({ name }) => name })).map(([given, tags, properties]) =>
    ({ type: 'CreateMetadefNamespace', ...given, tags, properties, objects: [], resourceTypes: tags.map((name) => ({ name })) }) as const) },
  { weight: 2, arbitrary: attributes.map((given) => ({ type: 'ChangeMetadefNamespace', ...given }) as const) },
  { weight: 1, arbitrary: fc.constantFrom<MetadefCommand>({ type: 'DeleteMetadefNamespace' }, { type: 'RemoveMetadefObjects' }, { type: 'RemoveMetadefTags' }, { type: 'RemoveMetadefProperties' }) },
  { weight: 2, arbitrary: property.map((given) => ({ type: 'AddMetadefProperty', ...given }) as const) },
  { weight: 2, arbitrary: fc.tuple(word, property).map(([oldName, given]) => ({ type: 'ChangeMetadefProperty', oldName, ...given }) as const) },
  { weight: 2, arbitrary: object.map((given) => ({ type: 'AddMetadefObject', ...given }) as const) },
  { weight: 2, arbitrary: fc.tuple(word, object).map(([oldName, given]) => ({ type: 'ChangeMetadefObject', oldName, ...given }) as const) },
  { weight: 2, arbitrary: resourceType.map((given) => ({ type: 'AssociateMetadefResourceType', ...given }) as const) },
  { weight: 1, arbitrary: word.map((name) => ({ type: 'DissociateMetadefResourceType', name }) as const) },
  { weight: 2, arbitrary: fc.tuple(fc.uniqueArray(word), fc.boolean()).map(([names, append]) => ({ type: 'SetMetadefTags', names, append }) as const) },
  { weight: 1, arbitrary: fc.tuple(word, word).map(([oldName, name]) => ({ type: 'RenameMetadefTag', oldName, name }) as const) },
  { weight: 2, arbitrary: fc.tuple(attributes, fc.constantFrom(...namespaceNames)).map(([given, to]) => ({ type: 'RenameMetadefNamespace', renameId: to, to, ...given }) as const) },
);

type Step = readonly [(typeof namespaceNames)[number], MetadefCommand | 'go on'];
const step: fc.Arbitrary<Step> = fc.tuple(fc.constantFrom(...namespaceNames), fc.oneof({ weight: 4, arbitrary: command }, { weight: 1, arbitrary: fc.constant('go on' as const) }));

/** A log of what came of such commands to a few namespaces, with images between them; a rename goes on by a step now and then, or stays where it is. */
export const generatedMetadefs: fc.Arbitrary<SomeLog> = fc.array(step, { minLength: 1, maxLength: 60 }).map((steps) => {
  const log = someLog();
  steps.forEach(([name, what], place) => {
    if (what === 'go on') goOn(log, name);
    else log.sendMetadef(name, what);
    if (place % 7 === 3) log.append(idOf(place), anImage());
  });
  return log;
});

/** The next step of a rename that this namespace is in: where the new name has it, the end; else its arrival there. */
function goOn(log: SomeLog, name: string): void {
  const state = log.namespaces.get(name);
  if (!state?.exists || !state.renaming) return;
  const { renameId, to } = state.renaming;
  const there = log.namespaces.get(to);
  if (there?.exists) log.sendMetadef(name, { type: 'EndNamespaceRename', renameId, succeeded: there.movedBy?.renameId === renameId && there.movedBy.from === name });
  else log.sendMetadef(to, { type: 'ReceiveMetadefNamespace', renameId, from: name, namespace: state });
}
