import type { MetadefCommand } from '#libs/domain';
import { checkedMetadefMessage } from './metadef-message.js';

const context = { commandId: 'c', requestId: 'req-1', actor: { userId: 'u', authMethod: 'password' } };
const message = (command: unknown, more: object = {}) => ({ envelope: { namespace: 'OS::Test', command, ...more }, context });
const attributes = { displayName: null, description: 'd', visibility: 'public', isProtected: false, owner: 'p' } as const;
const definition = {
  type: 'array', title: 'T', name: 'n', description: 'd', operators: ['<or>'], default: 'x', readonly: true, minimum: -1.5, maximum: 1e30, enum: ['a'], pattern: '[', minLength: 0, maxLength: 9,
  confidential: false, items: { type: 'string', enum: ['a'] }, uniqueItems: true, minItems: 1, maxItems: 2, additionalItems: false,
};
const property = { name: 'p', definition };
const object = { name: 'o', description: 'd', required: ['p'], properties: [property] };
const resourceType = { name: 'r', prefix: 'x:', propertiesTarget: 'image' };

const commands: MetadefCommand[] = [
  { type: 'CreateMetadefNamespace', ...attributes, resourceTypes: [resourceType], properties: [property], objects: [object], tags: ['t'] }, { type: 'ChangeMetadefNamespace', ...attributes },
  { type: 'RenameMetadefNamespace', renameId: 'r', to: 'OS::Other', ...attributes }, { type: 'DeleteMetadefNamespace' }, { type: 'AssociateMetadefResourceType', ...resourceType },
  { type: 'AssociateMetadefResourceType', name: 'r' }, { type: 'DissociateMetadefResourceType', name: 'r' }, { type: 'AddMetadefProperty', ...property }, { type: 'ChangeMetadefProperty', oldName: 'q', ...property },
  { type: 'RemoveMetadefProperty', name: 'p' }, { type: 'RemoveMetadefProperties' }, { type: 'AddMetadefObject', ...object }, { type: 'ChangeMetadefObject', oldName: 'q', ...object },
  { type: 'RemoveMetadefObject', name: 'o' }, { type: 'RemoveMetadefObjects' }, { type: 'AddMetadefTag', name: 't' }, { type: 'SetMetadefTags', names: ['t'], append: true }, { type: 'RenameMetadefTag', oldName: 's', name: 't' },
  { type: 'RemoveMetadefTag', name: 't' }, { type: 'RemoveMetadefTags' },
];

describe('A command on a namespace that comes over the bus', () => {
  it.each(commands)('passes as it is: $type', (command) => {
    const whole = message(command, { authorizedFor: { owner: 'p', visibility: 'private' } });
    expect(checkedMetadefMessage(whole)).toEqual(whole);
  });

  it('is copied field by field: what nobody asked for stays outside', () => {
    expect(checkedMetadefMessage(message({ type: 'AddMetadefTag', name: 't', more: 1 }, { more: 1 }))).toEqual(message({ type: 'AddMetadefTag', name: 't' }));
    expect(checkedMetadefMessage(message({ type: 'AddMetadefProperty', name: 'p', definition: { type: 'string', title: 'T', more: 1 } }))).toEqual(message({ type: 'AddMetadefProperty', name: 'p', definition: { type: 'string', title: 'T' } }));
  });

  it.each([
    ['no object', null], ['of no kind', {}], ['of an unknown kind', { type: 'SellNamespace' }], ['a step of a rename', { type: 'EndNamespaceRename', renameId: 'r', succeeded: true }],
    ['the arrival of a rename', { type: 'ReceiveMetadefNamespace', renameId: 'r', from: 'x', namespace: {} }], ['a file that is loaded', { type: 'LoadMetadefNamespace', mode: 'overwrite', ...attributes, resourceTypes: [], properties: [], objects: [], tags: [] }],
    ['without a name', { type: 'AddMetadefTag' }], ['with a name too long', { type: 'AddMetadefTag', name: 'x'.repeat(161) }], ['with a bound that is no number', { type: 'AddMetadefProperty', name: 'p', definition: { type: 'string', title: 'T', minimum: '1' } }],
    ['with a definition that is none', { type: 'AddMetadefProperty', name: 'p', definition: [] }], ['with a visibility that is none', { type: 'ChangeMetadefNamespace', ...attributes, visibility: 'shared' }],
    ['with too many tags', { type: 'SetMetadefTags', names: Array.from({ length: 10_001 }, String), append: false }],
  ])('is refused where it is %s', (_, command) => {
    expect(() => checkedMetadefMessage(message(command))).toThrow(expect.objectContaining({ code: 'InvalidRequest' }) as Error);
  });
});
