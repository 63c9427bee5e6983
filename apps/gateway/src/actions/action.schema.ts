import { arrivalTypes } from '#libs/domain';
import { actionStatuses } from './action.view.js';

const uuid = '^([0-9a-fA-F]){8}-([0-9a-fA-F]){4}-([0-9a-fA-F]){4}-([0-9a-fA-F]){4}-([0-9a-fA-F]){12}$';
const readOnly = { readOnly: true } as const;

const source = { image_id: { type: 'string', description: 'The image that something is done with.', pattern: uuid } } as const;
const targets = {
  region: { type: 'string', description: 'The region that a clone is made in.', minLength: 1, maxLength: 64 },
  regions: { type: 'array', description: 'The regions that a replication brings copies to.', items: { type: 'string', minLength: 1, maxLength: 64 }, minItems: 1, maxItems: 16 },
  policy_id: { type: 'string', description: 'The replication policy that it is done by, in place of regions.', pattern: uuid },
  copies: { type: 'string', readOnly: true, description: 'The path at which all copies of the image are told of.' },
} as const;
const asked = {
  location: { type: 'string', description: 'Where the data comes from: an https address, or what the documentation names besides.', maxLength: 4096 },
  image_properties: { type: 'object', description: 'What the image is to be, as in the creation of an image.' },
} as const;

const told = {
  id: { type: 'string', ...readOnly, description: 'The id of the import, a UUID.', pattern: uuid },
  action_type: { type: 'string', description: 'What is done.', enum: arrivalTypes },
  status: { type: 'string', ...readOnly, description: 'How far it is.', enum: actionStatuses },
  image_ref: { type: 'string', ...readOnly, description: 'The path of the image, once it is there.' },
  message: { type: 'string', ...readOnly, description: 'Why it failed.' },
  'expires-by': { type: 'string', ...readOnly, description: 'When it is told of no more, once it has ended.' },
  created_at: { type: 'string', ...readOnly, description: 'When it was asked for.' },
  updated_at: { type: 'string', ...readOnly, description: 'When it last went on.' },
  self: { type: 'string', ...readOnly },
  schema: { type: 'string', ...readOnly },
} as const;

const links = [{ rel: 'self', href: '{self}' }, { rel: 'describedby', href: '{schema}' }] as const;

/** What POST /v2/image-imports takes, and what an import looks like. Source: seed "new upload workflow" of Glance. */
export const imageImportSchema = { name: 'image-import', properties: { ...asked, ...told }, required: ['location'], links } as const;
export const imageActionSchema = { name: 'image-action', properties: { ...source, ...targets, ...asked, ...told }, links } as const;
