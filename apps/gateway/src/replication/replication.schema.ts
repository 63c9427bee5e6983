import type { JsonSchema } from '#libs/definitions';
import { conflictRules, replicationDirections, replicationLimits, replicationTriggers, visibilities } from '#libs/domain';

const uuid = { type: 'string', readOnly: true, description: 'A UUID.' } as const;
const moment = { type: 'string', format: 'date-time', readOnly: true } as const;
const { nameLength, patternLength, textLength, valueLength, concurrency, leastBytesPerSecond } = replicationLimits;

const filter: JsonSchema = {
  type: 'object', description: 'Which images are carried: an image must fit all that is said. Nothing said: every image.', additionalProperties: false,
  properties: {
    visibility: { type: 'array', uniqueItems: true, items: { type: 'string', enum: visibilities }, description: 'One of these.' },
    owner: { type: 'string', maxLength: textLength, description: 'The project that owns it.' },
    name: { type: 'string', maxLength: patternLength, minLength: 1, description: 'Its name; * stands for any characters, ? for one.' },
    tags: { type: 'array', uniqueItems: true, items: { type: 'string', maxLength: textLength }, description: 'It has all of these.' },
    properties: { type: 'object', additionalProperties: { type: 'string', maxLength: valueLength }, description: 'It has these properties with these values.' },
    size_min: { type: 'integer', minimum: 0, description: 'Bytes.' },
    size_max: { type: 'integer', minimum: 0, description: 'Bytes.' },
  },
};

/** What a policy looks like; also what a body that creates or replaces one may say. */
export const replicationPolicySchema = {
  name: 'replication_policy',
  required: ['name', 'remote_region'],
  additionalProperties: false,
  properties: {
    id: uuid,
    name: { type: 'string', minLength: 1, maxLength: nameLength, description: 'For people.' },
    direction: { type: 'string', enum: replicationDirections, description: 'pull: from the remote region to this one. push: the other way. Default: pull.' },
    remote_region: { type: 'string', minLength: 1, maxLength: 64, description: 'The other region, as in the service catalogue; the operator has given this one credentials for it.' },
    filter,
    trigger: { type: 'string', enum: replicationTriggers, description: 'event: whenever there is something new. schedule: at the moments of schedule. manual: when an execution is asked for. Default: manual.' },
    schedule: { type: 'string', description: 'Minute, hour, day of month, month, day of week, in UTC; with trigger schedule.' },
    bandwidth: { type: 'integer', minimum: leastBytesPerSecond, description: 'Bytes a second that its images may take together. Not said: as fast as it goes.' },
    concurrency: { type: 'integer', minimum: 1, description: `How many images at once, up to ${concurrency}. Default: 2.` },
    metadata: { type: 'boolean', description: 'Whether later changes of name, visibility, tags and properties follow. Default: true.' },
    members: { type: 'boolean', description: 'Whether the projects that an image is shared with follow. Default: false.' },
    deletions: { type: 'boolean', description: 'Whether the copies that this policy made are deleted when their source is. Default: false.' },
    conflict: { type: 'string', enum: conflictRules, description: 'source: a copy that differs is made as its source is. copy: a copy that is there is left alone. Default: source.' },
    keep_ids: { type: 'boolean', description: 'Whether a copy gets the id of its source where that is free. Default: false.' },
    copy_owner: { type: 'string', minLength: 1, maxLength: textLength, description: 'The project that owns the copies. Not said: the owner of the source.' },
    status: { type: 'string', enum: ['active', 'paused'], readOnly: true },
    created_at: moment, updated_at: moment,
    self: { type: 'string', readOnly: true }, schema: { type: 'string', readOnly: true },
  },
} as const satisfies JsonSchema & { name: string };

export const executionRequestSchema: JsonSchema = {
  type: 'object', additionalProperties: false, properties: { dry_run: { type: 'boolean', description: 'Only find out what would be done.' } },
};

export const collectionOfPolicies = {
  name: 'replication_policies',
  properties: { policies: { type: 'array', items: { type: 'object', ...replicationPolicySchema } }, schema: { type: 'string' } },
  links: [{ rel: 'describedby', href: '{schema}' }],
} as const;
