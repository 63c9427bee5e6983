import type { MetadefEvent } from '#libs/domain';
import { metadefNotifications, passMetadefCommit, untoldNamespace } from './metadef.notifications.js';
import type { Notification } from './notification.js';

/** Each list of events is one commit, a minute after the one before it; what the last one tells. */
function told(commandType: string, ...commits: readonly (readonly MetadefEvent[])[]): Notification[] {
  let state = untoldNamespace;
  let all: Notification[] = [];
  commits.forEach((events, index) => {
    const commit = { at: new Date(Date.UTC(2026, 0, 1, 0, index)), version: index + 1, commandType, events };
    all = metadefNotifications(state, commit);
    state = passMetadefCommit(state, commit);
  });
  return all;
}
const types = (all: readonly Notification[]) => all.map(({ eventType }) => eventType);
const property = { name: 'cores', definition: { type: 'integer', title: 'Cores', minimum: 1 } };
const created: MetadefEvent = {
  type: 'MetadefNamespaceCreated',
  data: {
    name: 'OS::X', visibility: 'public', isProtected: false, owner: 'o', displayName: 'X', resourceTypes: [{ name: 'OS::Nova::Flavor', prefix: 'hw:' }], properties: [property],
    objects: [{ name: 'cpu', required: ['cores'], properties: [property] }], tags: ['a', 'b'],
  },
};

describe('Notifications of metadata definitions', () => {
  it('show a new namespace and all it holds as Glance does', () => {
    const all = told('CreateMetadefNamespace', [created]);
    expect(types(all)).toEqual(['metadef_namespace.create', 'metadef_resource_type.create', 'metadef_object.create', 'metadef_property.create', 'metadef_tag.create', 'metadef_tag.create']);
    const times = { created_at: '2026-01-01T00:00:00Z', updated_at: '2026-01-01T00:00:00Z' };
    const notDeleted = { deleted: false, deleted_at: null };
    expect(all[0]?.payload).toEqual({
      namespace: 'OS::X', namespace_old: 'OS::X', display_name: 'X', protected: false, visibility: 'public', owner: 'o', description: null, ...times, ...notDeleted,
    });
    expect(all[1]?.payload).toEqual({ namespace: 'OS::X', name: 'OS::Nova::Flavor', name_old: 'OS::Nova::Flavor', prefix: 'hw:', properties_target: null, ...times, ...notDeleted });
    expect(all[3]?.payload).toEqual({
      namespace: 'OS::X', name: 'cores', name_old: 'cores', type: 'integer', title: 'Cores', description: null, default: null, minimum: 1, maximum: null, enum: null, pattern: null,
      minLength: null, maxLength: null, confidential: null, items: null, uniqueItems: null, minItems: null, maxItems: null, additionalItems: null, ...notDeleted,
    });
    expect(all[2]).toMatchObject({ payload: { name: 'cpu', required: ['cores'], properties: [{ name: 'cores', type: 'integer' }] } });
  });

  it('name what a renamed thing was called before', () => {
    expect(told('RenameMetadefTag', [created], [{ type: 'MetadefTagRenamed', data: { oldName: 'a', name: 'c' } }])).toMatchObject([{ eventType: 'metadef_tag.update', payload: { name: 'c', name_old: 'a' } }]);
    const { displayName: _, ...moved } = created.data;
    const arrives: MetadefEvent = {
      type: 'MetadefNamespaceMovedHere',
      data: { ...moved, renameId: 'r', from: 'OS::W', createdAt: '2025-01-01T00:00:00.000Z', resourceTypes: [], objects: [], tags: [] },
    };
    expect(told('ReceiveMetadefNamespace', [arrives])).toMatchObject([{ eventType: 'metadef_namespace.update', payload: { namespace: 'OS::X', namespace_old: 'OS::W' } }]);
  });

  it('show what was removed as it was', () => {
    expect(told('RemoveMetadefObject', [created], [{ type: 'MetadefObjectRemoved', data: { name: 'cpu' } }]))
      .toMatchObject([{ eventType: 'metadef_object.delete', payload: { name: 'cpu', required: ['cores'], deleted: true, deleted_at: '2026-01-01T00:01:00Z' } }]);
    expect(told('DeleteMetadefNamespace', [created], [{ type: 'MetadefNamespaceDeleted', data: {} }])).toMatchObject([{ eventType: 'metadef_namespace.delete', payload: { deleted: true } }]);
  });

  it.each([['RemoveMetadefTags', 'delete_tags'], ['RemoveMetadefObjects', 'delete_objects'], ['RemoveMetadefProperties', 'delete_properties']])('tell %s once, as metadef_namespace.%s', (command, what) => {
    expect(told(command, [created], [{ type: 'MetadefTagRemoved', data: { name: 'a' } }, { type: 'MetadefTagRemoved', data: { name: 'b' } }])).toMatchObject([{ eventType: `metadef_namespace.${what}`, payload: { namespace: 'OS::X' } }]);
  });
});
