/**
 * The rules of Glance 33 by name with its secure defaults, and ours below them. Source: API.md section 20, `oslopolicy-sample-generator --namespace glance`.
 * All rules want a token of scope project, except those that others are built from (`buildingBlocks`).
 */
const admin = 'rule:context_is_admin';
const member = 'role:member and project_id:%(project_id)s';
const reader = 'role:reader and project_id:%(project_id)s';
const sharedWithCaller = 'project_id:%(member_id)s';
const othersMaySee = `${sharedWithCaller} or 'community':%(visibility)s or 'public':%(visibility)s or 'shared':%(visibility)s`;

const adminOrMember = `${admin} or (${member})`;
const adminOrReader = `${admin} or (${reader})`;
const adminOrReaderOrSharedWith = `${admin} or role:reader and (project_id:%(project_id)s or ${sharedWithCaller})`;
const adminOrReaderOfNamespace = `${admin} or (role:reader and (project_id:%(project_id)s or 'public':%(visibility)s))`;
const download = `${admin} or (role:member and (project_id:%(project_id)s or ${othersMaySee}))`;
const metadefAdmin = 'rule:metadef_admin';

export const defaultRules = {
  default: '',
  context_is_admin: 'role:admin',
  service_api: 'role:service or role:admin',

  add_image: `${admin} or (${member} and project_id:%(owner)s)`,
  delete_image: adminOrMember,
  get_image: `${admin} or (role:reader and (project_id:%(project_id)s or ${othersMaySee}))`,
  get_images: adminOrReader,
  modify_image: adminOrMember,
  publicize_image: admin,
  communitize_image: adminOrMember,
  download_image: download,
  download_from_store: download,
  upload_image: adminOrMember,
  delete_image_location: admin,
  get_image_location: adminOrReader,
  set_image_location: adminOrMember,
  add_image_location: `rule:service_api or (${member} and project_id:%(owner)s)`,
  fetch_image_location: 'rule:service_api',
  add_member: adminOrMember,
  delete_member: adminOrMember,
  get_member: adminOrReaderOrSharedWith,
  get_members: adminOrReaderOrSharedWith,
  modify_member: `${admin} or (role:member and ${sharedWithCaller})`,
  manage_image_cache: admin,
  deactivate: adminOrMember,
  reactivate: adminOrMember,
  copy_image: admin,
  list_cached_nodes: admin,

  cache_image: admin,
  cache_list: admin,
  cache_delete: admin,
  cache_clean: admin,
  cache_prune: admin,

  stores_info_detail: `${admin} or rule:service_api`,

  get_task: 'rule:default',
  get_tasks: 'rule:default',
  add_task: 'rule:default',
  modify_task: 'rule:default',
  tasks_api_access: admin,

  metadef_default: '',
  metadef_admin: admin,
  get_metadef_namespace: adminOrReaderOfNamespace,
  get_metadef_namespaces: adminOrReader,
  modify_metadef_namespace: metadefAdmin,
  add_metadef_namespace: metadefAdmin,
  delete_metadef_namespace: metadefAdmin,
  get_metadef_object: adminOrReaderOfNamespace,
  get_metadef_objects: adminOrReaderOfNamespace,
  modify_metadef_object: metadefAdmin,
  add_metadef_object: metadefAdmin,
  delete_metadef_object: metadefAdmin,
  list_metadef_resource_types: adminOrReaderOfNamespace,
  get_metadef_resource_type: adminOrReaderOfNamespace,
  add_metadef_resource_type_association: metadefAdmin,
  remove_metadef_resource_type_association: metadefAdmin,
  get_metadef_property: adminOrReaderOfNamespace,
  get_metadef_properties: adminOrReaderOfNamespace,
  modify_metadef_property: metadefAdmin,
  add_metadef_property: metadefAdmin,
  remove_metadef_property: metadefAdmin,
  get_metadef_tag: adminOrReaderOfNamespace,
  get_metadef_tags: adminOrReaderOfNamespace,
  modify_metadef_tag: metadefAdmin,
  add_metadef_tag: metadefAdmin,
  add_metadef_tags: metadefAdmin,
  delete_metadef_tag: metadefAdmin,
  delete_metadef_tags: metadefAdmin,

  // Heliograph's own.
  get_image_history: adminOrReader,
  undelete_image: 'rule:delete_image',
  // The feed of a project, over REST and NATS; and that of all projects.
  get_events: adminOrReader,
  get_all_events: admin,
  // Asked besides modify_image, so that imports can be reserved without taking away changes.
  import_image: 'rule:modify_image',
  // Where the events of a project go; those of another project or of the region ask get_all_events besides.
  get_webhooks: adminOrReader,
  modify_webhooks: adminOrMember,
  get_replication_policies: admin,
  modify_replication_policies: admin,
} as const;

export type PolicyRule = keyof typeof defaultRules;

/** Rules that only serve inside of others: they ask nothing about the scope of the token. */
export const buildingBlocks: ReadonlySet<string> = new Set<PolicyRule>(
  ['default', 'context_is_admin', 'service_api', 'metadef_default', 'metadef_admin']);

/** A rule that an operator did not write takes over what he wrote for its older name. Source: deprecated names in `glance/policies/cache.py`. */
export const olderNames: Readonly<Partial<Record<PolicyRule, PolicyRule>>> = {
  cache_image: 'manage_image_cache', cache_list: 'manage_image_cache', cache_delete: 'manage_image_cache',
};
