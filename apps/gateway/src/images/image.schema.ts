import { imageStatuses, Problem, visibilities } from '#libs/domain';
import { fault, type PropertySchema } from './property-schema.js';

export interface ImageFormats { readonly containerFormats: readonly string[]; readonly diskFormats: readonly string[] }

/** What is said of additional properties, and which of them every image must have. */
export interface CustomProperties { readonly properties: Readonly<Record<string, PropertySchema>>; readonly required: readonly string[] }

export interface ImageSchema {
  readonly name: 'image';
  readonly properties: Readonly<Record<string, PropertySchema>>;
  readonly additionalProperties: PropertySchema;
  readonly required?: readonly string[];
  readonly links: readonly { readonly rel: string; readonly href: string }[];
}

const uuid = '^([0-9a-fA-F]){8}-([0-9a-fA-F]){4}-([0-9a-fA-F]){4}-([0-9a-fA-F]){4}-([0-9a-fA-F]){12}$';
const int32 = 2_147_483_647;
const readOnly = { readOnly: true } as const;

/**
 * The document that clients build their forms and models from, and that bodies are checked against.
 * Throws where an additional property has the name of an attribute. Source: API.md sections 4 and 17.
 */
export function imageSchema({ containerFormats, diskFormats }: ImageFormats, { properties, required }: CustomProperties = { properties: knownProperties, required: [] }): ImageSchema {
  const base = baseProperties(containerFormats, diskFormats);
  const taken = Object.keys(properties).filter((name) => Object.hasOwn(base, name));
  if (taken.length > 0) throw new Error(`The schema of additional properties may not speak of ${taken.join(', ')}: every image has that anyway.`);
  return {
    name: 'image',
    properties: { ...base, ...properties },
    additionalProperties: { type: 'string' },
    ...(required.length > 0 ? { required } : {}),
    links: [{ rel: 'self', href: '{self}' }, { rel: 'enclosure', href: '{file}' }, { rel: 'describedby', href: '{schema}' }],
  };
}

function baseProperties(containerFormats: readonly string[], diskFormats: readonly string[]): Record<string, PropertySchema> {
  return {
    id: { type: 'string', description: 'The id of the image, a UUID.', pattern: uuid },
    name: { type: ['null', 'string'], description: 'A name for people; it need not be unique.', maxLength: 255 },
    status: { type: 'string', ...readOnly, description: 'Where the image stands in its life.', enum: imageStatuses },
    visibility: { type: 'string', description: 'Who may see the image.', enum: visibilities },
    protected: { type: 'boolean', description: 'Whether the image refuses to be deleted.' },
    os_hidden: { type: 'boolean', description: 'Whether lists leave the image out unless asked for hidden ones.' },
    checksum: { type: ['null', 'string'], ...readOnly, description: 'MD5 of the data, in hex.', maxLength: 32 },
    os_hash_algo: { type: ['null', 'string'], ...readOnly, description: 'The algorithm of os_hash_value.', maxLength: 64 },
    os_hash_value: { type: ['null', 'string'], ...readOnly, description: 'Hash of the data by os_hash_algo, in hex.', maxLength: 128 },
    owner: { type: ['null', 'string'], description: 'The project that owns the image.', maxLength: 255 },
    size: { type: ['null', 'integer'], ...readOnly, description: 'Size of the data in bytes.' },
    virtual_size: { type: ['null', 'integer'], ...readOnly, description: 'Size of the disk within the data, in bytes.' },
    container_format: { type: ['null', 'string'], description: 'What wraps the disk.', enum: [null, ...containerFormats] },
    disk_format: { type: ['null', 'string'], description: 'How the disk is written.', enum: [null, ...diskFormats] },
    created_at: { type: 'string', ...readOnly, description: 'When the image was created.' },
    updated_at: { type: 'string', ...readOnly, description: 'When the image last changed.' },
    tags: { type: 'array', description: 'Words to find the image by.', items: { type: 'string', maxLength: 255 } },
    direct_url: { type: 'string', ...readOnly, description: 'Where the data lies, where the operator shows it.' },
    min_ram: { type: 'integer', description: 'Memory in MB that booting the image needs.', minimum: 0, maximum: int32 },
    min_disk: { type: 'integer', description: 'Disk in GB that booting the image needs.', minimum: 0, maximum: int32 },
    self: { type: 'string', ...readOnly, description: 'The path of this image.' },
    file: { type: 'string', ...readOnly, description: 'The path of its data.' },
    stores: { type: 'string', ...readOnly, description: 'The stores that hold its data, separated by commas.' },
    schema: { type: 'string', ...readOnly, description: 'The path of this schema.' },
    locations: {
      type: 'array', description: 'Where the data lies, with what is known of each place.',
      items: {
        type: 'object', required: ['url', 'metadata'],
        properties: { url: { type: 'string', maxLength: 255 }, metadata: { type: 'object' }, validation_data: validationData },
      },
    },
  };
}

const validationData = {
  type: 'object', writeOnly: true, additionalProperties: false, required: ['os_hash_algo', 'os_hash_value'],
  description: 'What size and hashes the data has; it must agree with what is known of the image already.',
  properties: { checksum: { type: 'string', minLength: 32, maxLength: 32 }, os_hash_algo: { type: 'string', maxLength: 64 }, os_hash_value: { type: 'string', maxLength: 128 } },
} as const;

/** Properties outside of the base that Glance's schema-image.json names; `is_base` tells clients so (Cinder sorts by it). */
export const knownProperties: Readonly<Record<string, PropertySchema>> = {
  kernel_id: { type: ['null', 'string'], is_base: false, pattern: uuid, description: 'The image to boot as kernel, for AMI images.' },
  ramdisk_id: { type: ['null', 'string'], is_base: false, pattern: uuid, description: 'The image to boot as ramdisk, for AMI images.' },
  instance_uuid: { type: 'string', is_base: false, description: 'The instance that this image is a snapshot of.' },
  architecture: { type: 'string', is_base: false, description: 'The processor architecture that the image is for.' },
  os_distro: { type: 'string', is_base: false, description: 'The common name of the operating system\'s distribution.' },
  os_version: { type: 'string', is_base: false, description: 'The version that the distributor gave the operating system.' },
  description: { type: 'string', is_base: false, description: 'Words for people about this image.' },
  cinder_encryption_key_id: { type: 'string', is_base: false, description: 'The key in the key manager that the data is encrypted with.' },
  cinder_encryption_key_deletion_policy: {
    type: 'string', is_base: false, enum: ['on_image_deletion', 'do_not_delete'], description: 'Whether the key goes when the image goes.',
  },
};

const maxPropertyNameLength = 255;
/** As long as Glance's column for property values. */
const maxPropertyValueLength = 65_535;

/** Refuses a value that the schema does not allow under this name; undeclared names are additional properties, whose values are text. */
export function refuseNonConforming(name: string, value: unknown, schema: ImageSchema): void {
  const declared = Object.hasOwn(schema.properties, name) ? schema.properties[name] : undefined;
  if (!declared && name.length > maxPropertyNameLength) {
    throw new Problem('InvalidRequest', { detail: `The name of a property must not be longer than ${maxPropertyNameLength} characters.` });
  }
  const found = fault(value, { maxLength: maxPropertyValueLength, ...(declared ?? schema.additionalProperties) });
  if (found !== undefined) throw new Problem('InvalidRequest', { detail: `The attribute ${name} ${found}.${name === 'disk_format' ? whyNot(value) : ''}` });
}

/** Formats that other clouds take and clients therefore ask for: who asks learns why not, and what to do. */
const unpublished: readonly unknown[] = ['zvhd', 'zvhd2'];
const whyNot = (diskFormat: unknown): string =>
  unpublished.includes(diskFormat) ? ` There is no published description of ${String(diskFormat)}, so nobody here could tell what is in it: convert the image to qcow2 or raw first.` : '';

/** Refuses a new image without what every image must have. */
export function refuseIncomplete(body: object, { required = [] }: ImageSchema): void {
  const missing = required.filter((name) => !Object.hasOwn(body, name));
  if (missing.length > 0) throw new Problem('InvalidRequest', { detail: `Every image must have ${missing.join(', ')}. Say it in the request.` });
}

/** A list of things of one schema, with its page links. */
export const collectionSchema = (name: string, item: object): object => ({
  name,
  properties: { [name]: { type: 'array', items: item }, first: { type: 'string' }, next: { type: 'string' }, schema: { type: 'string' } },
  links: [{ rel: 'first', href: '{first}' }, { rel: 'next', href: '{next}' }, { rel: 'describedby', href: '{schema}' }],
});

/** Whether this is an attribute of every image, and no additional property. */
export const isAttribute = (name: string, { properties }: ImageSchema): boolean =>
  Object.hasOwn(properties, name) && properties[name]?.is_base !== false;
