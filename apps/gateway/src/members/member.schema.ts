import { memberStatuses } from '#libs/domain';

/** The document of one member. Source: API.md section 17. */
export const memberSchema = {
  name: 'member',
  properties: {
    member_id: { type: 'string', description: 'The project that the image is shared with.' },
    image_id: { type: 'string', description: 'The shared image.', pattern: '^([0-9a-fA-F]){8}-([0-9a-fA-F]){4}-([0-9a-fA-F]){4}-([0-9a-fA-F]){4}-([0-9a-fA-F]){12}$' },
    created_at: { type: 'string', description: 'When the image was shared.' },
    updated_at: { type: 'string', description: 'When the status last changed.' },
    status: { type: 'string', description: 'What the project answered.', enum: memberStatuses },
    schema: { readOnly: true, type: 'string' },
  },
} as const;

export const membersSchema = {
  name: 'members',
  properties: { members: { type: 'array', items: memberSchema }, schema: { type: 'string' } },
  links: [{ rel: 'describedby', href: '{schema}' }],
} as const;
