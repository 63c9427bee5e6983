import { faultIn, type Definitions, type JsonSchema } from './json-schema.js';

const definitions: Definitions = { count: { type: 'integer', minimum: 0 }, fromZero: { allOf: [{ $ref: '#/definitions/count' }, { default: 0 }] } };
const fault = (value: unknown, schema: JsonSchema) => faultIn(value, schema, definitions, 'It');

describe('A value under a schema', () => {
  it.each<[unknown, JsonSchema, string | undefined]>([
    ['a', { type: 'string' }, undefined], [1, { type: 'string' }, 'It must be text'], [1.0, { type: 'integer' }, undefined], [1.5, { type: 'integer' }, 'It must be a whole number'],
    [[], { type: 'object' }, 'It must be an object'], [null, { type: 'object' }, 'It must be an object'], [{}, { type: 'array' }, 'It must be a list'], [true, { type: 'number' }, 'It must be a number'], [0, { type: 'boolean' }, 'It must be true or false'],
    ['a', { enum: ['a', null] }, undefined], [null, { enum: ['a', null] }, undefined], ['b', { enum: ['a', null] }, 'It must be one of a'],
    ['🛰'.repeat(3), { maxLength: 3 }, undefined], ['🛰'.repeat(4), { maxLength: 3 }, 'It must not be longer than 3 characters'], ['', { minLength: 1 }, 'It must not be empty'],
    [-1, { $ref: '#/definitions/count' }, 'It must be at least 0'], [-1, { $ref: '#/definitions/fromZero' }, 'It must be at least 0'], ['1', { $ref: '#/definitions/fromZero' }, 'It must be a whole number'],
    [['a', 'a'], { uniqueItems: true }, 'It must not hold the same item twice'], [['a', 1], { items: { type: 'string' } }, 'It[1] must be text'], [[], { minItems: 1 }, 'It must have at least 1 items'],
    [{ a: 1 }, { properties: { a: { type: 'string' } } }, 'It.a must be text'], [{}, { required: ['a'] }, 'It must have a'], [{ b: 1 }, { additionalProperties: false }, 'It must not have b'],
    [{ b: 1 }, { additionalProperties: { type: 'string' } }, 'It.b must be text'], [{ b: 1 }, {}, undefined], [{ constructor: 1 }, { properties: {}, additionalProperties: false }, 'It must not have constructor'],
  ])('%j under %j: %s', (value, schema, expected) => {
    expect(fault(value, schema)).toBe(expected);
  });
});
