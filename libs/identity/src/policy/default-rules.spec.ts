import { aCaller } from '../caller.example.js';
import { defaultRules, type PolicyRule } from './default-rules.js';
import { createPolicy } from './policy.js';
import { imageTarget, newImageTarget } from './targets.js';

const policy = createPolicy();
const personas = {
  admin: aCaller({ userId: 'root', projectId: 'operators', roles: ['admin', 'manager', 'member', 'reader'] }),
  member: aCaller({ projectId: 'own' }),
  reader: aCaller({ projectId: 'own', roles: ['reader'] }),
  nobody: aCaller({ projectId: 'own', roles: ['guest'] }),
  otherMember: aCaller({ projectId: 'other' }),
  otherReader: aCaller({ projectId: 'other', roles: ['reader'] }),
  service: aCaller({ userId: 'nova', projectId: 'service', roles: ['service'] }),
} as const;
type Persona = keyof typeof personas;

const visibilities = ['private', 'shared', 'community', 'public'] as const;
type Visibility = (typeof visibilities)[number];
const image = (visibility: Visibility) => ({ imageId: 'i1', owner: 'own', visibility });
const allowed = (rule: PolicyRule, visibility: Visibility): Persona[] =>
  (Object.keys(personas) as Persona[]).filter((persona) => policy.allows(rule, imageTarget(image(visibility), personas[persona]), personas[persona]));

const everywhere = (who: Persona[]): Record<Visibility, Persona[]> => ({ private: who, shared: who, community: who, public: who });
const notPrivate = (who: Persona[], others: Persona[]): Record<Visibility, Persona[]> => ({
  ...everywhere([...who, ...others]), private: who,
});
const onlyShared = (who: Persona[], others: Persona[]): Record<Visibility, Persona[]> => ({ ...everywhere(who), shared: [...who, ...others] });

/** API.md section 20, row by row: who may do it to an image of project `own`, by its visibility. */
const table: [PolicyRule[], Record<Visibility, Persona[]>][] = [
  [['delete_image', 'modify_image', 'upload_image', 'deactivate', 'reactivate', 'add_member', 'delete_member', 'communitize_image', 'set_image_location', 'import_image', 'undelete_image', 'modify_webhooks'], everywhere(['admin', 'member'])],
  [['publicize_image', 'delete_image_location', 'copy_image', 'manage_image_cache', 'cache_image', 'cache_list', 'cache_delete', 'cache_clean', 'cache_prune', 'list_cached_nodes', 'tasks_api_access', 'get_all_events', 'get_replication_policies', 'modify_replication_policies'], everywhere(['admin'])],
  [['get_image'], notPrivate(['admin', 'member', 'reader'], ['otherMember', 'otherReader'])],
  [['get_image_location', 'get_image_history', 'get_events', 'get_webhooks'], everywhere(['admin', 'member', 'reader'])],
  [['download_image', 'download_from_store'], notPrivate(['admin', 'member'], ['otherMember'])],
  [['get_member', 'get_members'], onlyShared(['admin', 'member', 'reader'], ['otherMember', 'otherReader'])],
  [['modify_member'], onlyShared(['admin'], ['otherMember'])],
  [['add_image_location'], everywhere(['admin', 'member', 'service'])],
  [['fetch_image_location', 'stores_info_detail'], everywhere(['admin', 'service'])],
  [['get_task', 'get_tasks', 'add_task', 'modify_task'], everywhere(Object.keys(personas) as Persona[])],
  [['get_metadef_namespace', 'get_metadef_object', 'get_metadef_objects', 'get_metadef_property', 'get_metadef_properties', 'get_metadef_tag', 'get_metadef_tags', 'list_metadef_resource_types', 'get_metadef_resource_type'],
    { ...everywhere(['admin', 'member', 'reader']), public: ['admin', 'member', 'reader', 'otherMember', 'otherReader'] }],
  [(Object.keys(defaultRules) as PolicyRule[]).filter((rule) => /^(add|modify|delete|remove)_metadef_/.test(rule)), everywhere(['admin'])],
];

describe('the default rules', () => {
  const rows = table.flatMap(([rules, expected]) => rules.flatMap((rule) => visibilities.map((visibility) => [rule, visibility, expected[visibility]] as const)));

  it.each(rows)('%s of a %s image is for %j', (rule, visibility, expected) => {
    expect(allowed(rule, visibility).toSorted()).toEqual(expected.toSorted());
  });

  it('have a row in this table, each of them', () => {
    const covered = new Set<string>(['default', 'context_is_admin', 'service_api', 'metadef_default', 'metadef_admin', 'add_image', 'get_images', 'get_metadef_namespaces', ...rows.map(([rule]) => rule)]);
    expect(Object.keys(defaultRules).filter((rule) => !covered.has(rule))).toEqual([]);
  });

  it.each([
    ['admin', 'somebody else', true], ['member', undefined, true], ['member', 'somebody else', false], ['reader', undefined, false], ['service', undefined, false],
  ] as const)('let %s create an image for owner %s: %s', (persona, owner, expected) => {
    const caller = personas[persona];
    expect(policy.allows('add_image', newImageTarget(caller, owner === undefined ? {} : { owner }), caller)).toBe(expected);
  });

  it.each([['admin', true], ['member', true], ['reader', true], ['nobody', false], ['service', false]] as const)('let %s list images: %s', (persona, expected) => {
    expect(policy.allows('get_images', newImageTarget(personas[persona]), personas[persona])).toBe(expected);
  });

  it.each(['system', 'domain', 'unscoped'] as const)('allow nothing to a token of scope %s, not even an administrator\'s', (scope) => {
    const caller = aCaller({ roles: ['admin', 'member', 'reader'], scope, projectId: null });
    const rules = table.flatMap(([names]) => names);
    expect(rules.filter((rule) => policy.allows(rule, imageTarget(image('public'), caller), caller))).toEqual([]);
  });

  it('answer the same for 100 000 questions in well under a second', () => {
    const target = imageTarget(image('shared'), personas.otherMember);
    const startedAt = performance.now();
    let count = 0;
    for (let each = 0; each < 100_000; each += 1) count += policy.allows('get_image', target, personas.otherMember) ? 1 : 0;
    expect(count).toBe(100_000);
    expect(performance.now() - startedAt).toBeLessThan(1000);
  });
});
