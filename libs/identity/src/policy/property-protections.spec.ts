import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { aCaller } from '../caller.example.js';
import { createPolicy } from './policy.js';
import { propertyProtections, type PropertyProtections, type RuleFormat } from './property-protections.js';

const dir = mkdtempSync(join(tmpdir(), 'protections-'));
afterAll(() => rmSync(dir, { recursive: true }));

function protections(text: string, format: RuleFormat = 'roles', rules = {}): PropertyProtections {
  const path = join(dir, 'protections.conf');
  writeFileSync(path, text);
  return propertyProtections({ path, format }, createPolicy(rules));
}

const section = (name: string, create: string, read = create, update = create, remove = create): string =>
  `[${name}]\ncreate = ${create}\nread = ${read}\nupdate = ${update}\ndelete = ${remove}\n`;

const admin = aCaller({ roles: ['admin', 'member', 'reader'] });
const member = aCaller();

describe('property protections by roles', () => {
  const rules = protections(`# what billing writes\n${section('x_billing.*', 'admin, Billing', 'member', 'billing', '!')}\n${section('^x_', '@')}`);

  it('allow an operation to who has one of its roles, whatever their case', () => {
    expect(rules.allows('create', 'x_billing_code', admin)).toBe(true);
    expect(rules.allows('create', 'x_billing_code', aCaller({ roles: ['billing'] }))).toBe(true);
    expect(rules.allows('create', 'x_billing_code', member)).toBe(false);
    expect(rules.allows('read', 'x_billing_code', member)).toBe(true);
    expect(rules.allows('update', 'x_billing_code', admin)).toBe(false);
  });

  it('count the roles of a service that asks for a user', () => {
    expect(rules.allows('update', 'x_billing_code', aCaller({ serviceRoles: ['billing'] }))).toBe(true);
  });

  it('allow @ to everybody and ! to nobody', () => {
    expect(rules.allows('delete', 'x_other', aCaller({ roles: [] }))).toBe(true);
    expect(rules.allows('delete', 'x_billing_code', admin)).toBe(false);
  });

  it('look for the expression anywhere in the name, and the first that is found decides', () => {
    expect(rules.allows('create', 'my_x_billing', member)).toBe(false);
    expect(rules.allows('create', 'x_bill', member)).toBe(true);
  });

  it('let nobody do anything with what no section is about', () => {
    for (const operation of ['create', 'read', 'update', 'delete'] as const) expect(rules.allows(operation, 'os_distro', admin)).toBe(false);
  });

  it('never touch the properties of the service itself', () => {
    expect(protections(section('os_glance.*', '!') + section('.*', '!')).allows('read', 'os_glance_failed_import', member)).toBe(true);
  });

  it('allow nobody what is left empty', () => {
    expect(protections('[a]\ncreate =\nread = @\nupdate = @\ndelete = @\n').allows('create', 'a', admin)).toBe(false);
  });
});

describe('property protections by policies', () => {
  it('ask the rule of the policy file that is named', () => {
    const rules = protections(section('spl_.*', 'spl_writer', '@'), 'policies', { spl_writer: 'role:spl' });
    expect(rules.allows('create', 'spl_a', aCaller({ roles: ['spl'] }))).toBe(true);
    expect(rules.allows('create', 'spl_a', admin)).toBe(false);
    expect(rules.allows('read', 'spl_a', member)).toBe(true);
  });

  it('allow nobody what names a rule that is not there', () => {
    expect(protections(section('a', 'nowhere'), 'policies').allows('read', 'a', admin)).toBe(false);
  });
});

describe('a file of property protections that cannot be used', () => {
  it.each<[string, string, RuleFormat, RegExp]>([
    ['leaves an operation out', '[a]\ncreate = @\nread = @\nupdate = @\n', 'roles', /\[a\] says nothing of delete/],
    ['allows and forbids everybody at once', section('a', '@, !'), 'roles', /@ and ! at once/],
    ['names several policies', section('a', 'one, two'), 'policies', /several policies/],
    ['has a section that is no expression', section('a(', '@'), 'roles', /no regular expression/],
    ['repeats a section', section('a', '@') + section('a', '!'), 'roles', /line 6 repeats the section/],
    ['repeats an option', '[a]\ncreate = @\nCreate = !\n', 'roles', /line 3 repeats create/],
    ['has a line that is nothing', '[a]\ncreate\n', 'roles', /line 2 is neither/],
    ['has options of no section', 'create = @\n', 'roles', /line 1 stands before/],
  ])('is refused when it %s', (_, text, format, fault) => {
    expect(() => protections(text, format)).toThrow(fault);
  });

  it('is refused when it is not there', () => {
    expect(() => propertyProtections({ path: join(dir, 'none.conf'), format: 'roles' }, createPolicy())).toThrow(/none\.conf cannot be used/);
  });

  it('may spread a value over lines', () => {
    expect(protections('[a]\ncreate = one,\n  member\nread: @\nupdate = @\ndelete = @\n').allows('create', 'a', member)).toBe(true);
  });
});
