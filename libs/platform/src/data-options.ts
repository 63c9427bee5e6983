import { Option } from './config.js';

/** What several services are told, all of them the same, of stores, data and transfers: `@dataOptions.sizeLimits readonly sizeLimits: readonly string[]`. */
export const dataOptions = {
  vmdkAllowedTypes: Option.list('image_format', 'vmdk_allowed_types', { glance: true, default: ['streamOptimized', 'monolithicSparse'], doc: 'The createTypes of VMDK that are accepted; those of several files would be read from the host.' }),
  requireImageFormatMatch: Option.boolean('image_format', 'require_image_format_match', { glance: true, default: true, doc: 'Whether data in container_format bare is refused where it is not what disk_format says.' }),
  gptSafetyChecksNonfatal: Option.list('image_format', 'gpt_safety_checks_nonfatal', { glance: true, default: [], doc: 'Rules of boot records that disks may break: gptmbr for what protects a GPT, mbr for all.' }),
  imageImportPlugins: Option.list('image_import_opts', 'image_import_plugins', { glance: true, default: ['no_op'], doc: 'What is done to images on their way in, one after another, in brackets or without; the same for all gateways and importers: image_decompression, image_conversion, inject_image_metadata, external_verification, no_op. docs/plugins.md has more.' }),
  imageSizeCap: Option.int('default', 'image_size_cap', { glance: true, default: 1024 ** 4, min: 0, unit: 'bytes', doc: 'The most data that an image may have.' }),
  sizeLimits: Option.list('heliograph', 'size_limits', { default: [], doc: 'Smaller limits for some ways in which data comes, as METHOD=SIZE or METHOD@PROJECT=SIZE: upload=2GB, upload@PROJECT=10GB. METHOD is upload, glance-direct (what is staged), web-download, glance-download, copy-image, location-import, convert-image, export-image or swift-download. The same for gateway and importer.' }),
  imageConversions: Option.list('heliograph', 'image_conversions', { default: [], doc: 'The disk formats that tenants may have images converted to, by the action convert: raw, qcow2, vmdk; none where it is empty. The same for gateways and importers, which then need qemu-img.' }),
  imageExports: Option.boolean('heliograph', 'image_exports', { default: false, doc: 'Whether tenants may have images that they can download written to an address that they name, by the action export. Where that may lie, the filter and the networks of imports decide. The same for gateways and importers.' }),
  defaultBackend: Option.text('glance_store', 'default_backend', { glance: true, default: '', doc: 'The store that takes an image\'s data where the client names none; empty for the first.' }),
  filesystemStoreDatadir: Option.path('glance_store', 'filesystem_store_datadir', { glance: true, default: 'data/images', doc: 'The directory of a file store that has none of its own; several stores lie in directories of their names beneath it.' }),
  leaseSeconds: Option.int('heliograph', 'lease_seconds', { default: 30, min: 2, max: 3600, unit: 'seconds', doc: 'How long an upload may show no sign of life before its image is queued again.' }),
  uploadIdleSeconds: Option.int('heliograph', 'upload_idle_seconds', { default: 60, min: 1, max: 86_400, unit: 'seconds', doc: 'How long a client may send nothing before its upload is given up.' }),
  removalInterval: Option.int('heliograph', 'removal_interval', { default: 10, min: 1, max: 3600, unit: 'seconds', doc: 'How often bytes that no image refers to are looked for and removed.' }),
} as const;
