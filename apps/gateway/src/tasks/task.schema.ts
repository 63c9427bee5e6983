const uuid = '^([0-9a-fA-F]){8}-([0-9a-fA-F]){4}-([0-9a-fA-F]){4}-([0-9a-fA-F]){4}-([0-9a-fA-F]){12}$';

const inLists = {
  id: { type: 'string', description: 'The id of the task, a UUID.', pattern: uuid },
  type: { type: 'string', description: 'What the task does.', enum: ['import', 'api_image_import', 'location_import'] },
  status: { type: 'string', description: 'How far it is.', enum: ['pending', 'processing', 'success', 'failure'] },
  owner: { type: 'string', description: 'The project that asked for it.' },
  image_id: { type: 'string', description: 'The image that it is about.' },
  request_id: { type: 'string', description: 'The request that asked for it.' },
  user_id: { type: 'string', description: 'The user who asked for it.' },
  expires_at: { type: ['null', 'string'], description: 'Until when it is told of.' },
  created_at: { type: 'string', description: 'When it was asked for.' },
  updated_at: { type: 'string', description: 'When it last went on.' },
  self: { readOnly: true, type: 'string' },
  schema: { readOnly: true, type: 'string' },
} as const;

/** The document of one task. Source: API.md section 17. */
export const taskSchema = {
  name: 'task',
  properties: {
    ...inLists,
    input: { type: ['null', 'object'], description: 'What was asked for.' },
    result: { type: ['null', 'object'], description: 'What came of it.' },
    message: { type: 'string', description: 'What is going on, or what went wrong.' },
  },
} as const;

/** Of a list, whose tasks say less of themselves. */
export const tasksSchema = {
  name: 'tasks',
  properties: { tasks: { type: 'array', items: { name: 'task', properties: inLists } }, schema: { type: 'string' } },
  links: [{ rel: 'describedby', href: '{schema}' }],
} as const;
