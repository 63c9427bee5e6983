/**
 * In what what comes of a subcommand may differ from the same at a Glance, by its title and the line that tells the difference; everything else fails. `row` is the
 * first cell of the row of docs/deviations.md that says why.
 */
export const deviations = [
  { case: /image show handed by demo$/, differs: /^status: Glance 1, Heliograph 0$/, row: 'PATCH that adds `owner` as a member' },
  { case: /image-list --sort(-key)?.*size|^sdk: images .*size/, differs: /./, row: 'images without a name, size or format in sorted lists' },
  { case: /image-tasks|image_tasks/, differs: /Copied 0 MiB/, row: '`GET /v2/images/{id}/progress`' },
  { case: /task-show \{task\}|image_tasks|image-tasks/, differs: /import_req\.((stores|all_stores_must_succeed): Glance nothing, |all_stores: Glance true, Heliograph nothing)/, row: '`import_req` of a task' },
  { case: /location-(add|update)/, differs: /stores: Glance "web,web", Heliograph "web"$|\.locations\.\d\./, row: 'locations of one image' },
  { case: /^sdk: get_image \{web\} by demo \(2\)$/, differs: /stores: Glance "cheap,fast", Heliograph "fast,cheap"$|\.locations\.\d\.metadata\.store/, row: 'locations of one image' },
  { case: /(image-show|get_image) \{(added|checked)\}/, differs: /os_glance_(failed_import|importing_to_stores): Glance nothing|virtual_size: Glance ("Notavailable"|null)/, row: 'a new location (`POST /v2/images/{id}/locations`)' },
  { case: /get_images?_schema/, differs: /\.min_(ram|disk)\.(minimum|maximum): Glance nothing, /, row: 'bounds on JSON' },
  { case: /^sdk: images visibility="shared" by alt_demo$/, differs: /locations/, row: '`locations` and `direct_url` of another project\'s image' },
  { case: /get_image_cache/, differs: /\.id: Glance \d+, Heliograph null$/, row: '`GET /v2/cache/nodes/{id}`' },
  { case: /cache-nodes-list|cached_image_nodes/, differs: /./, row: '`GET /v2/cache/nodes/{id}`' },
  { case: /namespace list --visibility private/, differs: /./, row: '`visibility=private` and namespaces that an operator loaded' },
  { case: /metadef|md-/, differs: /updated_at: Glance (null|nothing), Heliograph "<moment>"$/, row: '`updated_at` of metadata definitions that an operator loaded' },
];

/** What the released clients have and no row tries, with the reason. */
export const omitted = { openstack: {}, glance: {}, sdk: {} };

/** The deviation that explains a difference, if one does. */
export const allowed = (title, difference) => deviations.find((each) => (each.case?.test(title) ?? true) && each.differs.test(difference));
