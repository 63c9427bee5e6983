import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { customProperties } from './image-schema-file.js';
import { imageSchema } from './image.schema.js';

const dir = mkdtempSync(join(tmpdir(), 'schema-'));
afterAll(() => rmSync(dir, { recursive: true }));

function written(content: unknown): ReturnType<typeof customProperties> {
  const path = join(dir, 'schema-image.json');
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return customProperties(path);
}
const formats = { containerFormats: ['bare'], diskFormats: ['raw'] };

describe('the operator\'s schema of additional properties', () => {
  it('stands instead of what Glance ships, and marks its properties as no attributes', () => {
    const { properties } = imageSchema(formats, written({ billing: { type: 'string', pattern: '^B' } }));
    expect(properties['billing']).toEqual({ type: 'string', pattern: '^B', is_base: false });
    expect(properties['kernel_id']).toBeUndefined();
  });

  it('may say which properties every image must have', () => {
    expect(written({ properties: { billing: { type: 'string' } }, required: ['billing'] }).required).toEqual(['billing']);
  });

  it('is what Glance ships where there is no file', () => {
    expect(Object.keys(customProperties('').properties)).toContain('kernel_id');
  });

  it.each([
    ['is no JSON', '{', /cannot be used/], ['is no object', '[]', /holds no object/], ['has a property that is no schema', { a: 'string' }, /a is no schema/],
    ['asks for what is not text', { a: { type: 'integer' } }, /a must be of type string/], ['says what is not checked', { a: { type: 'string', format: 'uri' } }, /a says format/],
    ['has a broken pattern', { a: { type: 'string', pattern: '(' } }, /a has a pattern/], ['takes a name of the service', { os_glance_x: { type: 'string' } }, /os_glance_x is a name/],
    ['requires no names', { properties: {}, required: [1] }, /required is no list/],
  ])('is refused when it %s', (_, content, fault) => {
    expect(() => written(content)).toThrow(fault);
  });

  it('is refused when it speaks of an attribute', () => {
    expect(() => imageSchema(formats, written({ name: { type: 'string' } }))).toThrow(/may not speak of name/);
  });

  it('is refused when it is not there', () => {
    expect(() => customProperties(join(dir, 'none.json'))).toThrow(/none\.json cannot be used/);
  });
});
