import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { aCaller } from '../caller.example.js';
import { createPolicy } from './policy.js';
import { policyFromFile } from './policy-file.js';

const member = aCaller();
const own = { project_id: 'p1', owner: 'p1', visibility: 'private' };

describe('rules of an operator', () => {
  it('replace the default of the same name and leave the others', () => {
    const policy = createPolicy({ delete_image: 'role:admin' });
    expect(policy.allows('delete_image', own, member)).toBe(false);
    expect(policy.allows('modify_image', own, member)).toBe(true);
  });

  it('may build on rules of their own, in any order', () => {
    const policy = createPolicy({ publicize_image: 'rule:publishers', publishers: 'role:publisher or rule:context_is_admin' });
    expect(policy.allows('publicize_image', own, aCaller({ roles: ['publisher'] }))).toBe(true);
    expect(policy.allows('publishers', own, member)).toBe(false);
  });

  it('decide who is an administrator', () => {
    const policy = createPolicy({ context_is_admin: 'role:cloud_admin' });
    expect(policy.isAdmin(aCaller({ roles: ['cloud_admin'] }))).toBe(true);
    expect(policy.isAdmin(aCaller({ roles: ['admin'] }))).toBe(false);
    expect(policy.allows('publicize_image', own, aCaller({ roles: ['cloud_admin'] }))).toBe(true);
  });

  it('take effect under a newer name when written under the older one', () => {
    const policy = createPolicy({ manage_image_cache: 'role:cachier' });
    expect(policy.allows('cache_list', {}, aCaller({ roles: ['cachier'] }))).toBe(true);
    expect(policy.allows('cache_prune', {}, aCaller({ roles: ['cachier'] }))).toBe(false);
    expect(policy.isDefault('cache_list')).toBe(false);
  });

  it('make a rule no longer default when it or what it is built from was written', () => {
    expect(createPolicy().isDefault('get_image')).toBe(true);
    expect(createPolicy({ delete_image: '!' }).isDefault('get_image')).toBe(true);
    expect(createPolicy({ get_image: '@' }).isDefault('get_image')).toBe(false);
    expect(createPolicy({ context_is_admin: 'role:boss' }).isDefault('get_image')).toBe(false);
  });

  it('do not open rules that nobody wrote', () => {
    expect(createPolicy({ default: '@' }).allows('no_such_rule', own, aCaller({ roles: ['admin'] }))).toBe(false);
    expect(createPolicy().allows('constructor', own, aCaller({ roles: ['admin'] }))).toBe(false);
  });

  it('are refused all at once when wrong', () => {
    const written = { add_image: 'admin', get_image: 'role:reader or', modify_image: 'rule:gone', a: 'rule:b', b: 'not rule:a' };
    expect(() => createPolicy({ ...written, modify_image: '@' })).toThrow(/add_image: .*\nget_image: /);
    expect(() => createPolicy({ modify_image: 'rule:gone' })).toThrow('modify_image: refers to rule:gone, and there is no rule of that name');
    expect(() => createPolicy({ a: 'rule:b', b: 'not rule:a' })).toThrow('a: refers to itself (a -> b -> a)');
    expect(() => createPolicy({ context_is_admin: 'is_admin:True' })).toThrow(/refers to itself/);
  });

  it('may not refer to each other without end', () => {
    const chain = (length: number) => Object.fromEntries(Array.from({ length }, (_, at) => [`r${at}`, at === 0 ? '@' : `rule:r${at - 1}`]));
    expect(() => createPolicy(chain(32))).not.toThrow();
    expect(() => createPolicy(chain(40))).toThrow(/more than 32 deep/);
  });

  it('are warned of where they look like slips', () => {
    const warnings: string[] = [];
    createPolicy({ get_imagee: '@', publicize_image: 'rule:mine', mine: 'colour:blue' }, (warning) => warnings.push(warning));
    expect(warnings).toEqual([expect.stringMatching(/^get_imagee: no such rule/), expect.stringMatching(/^mine: nothing is known of a caller's "colour"/)]);
  });
});

describe('a policy file', () => {
  let dir: string;
  let path: string;
  let nowMs: number;
  let lines: string[];
  const line = (message: string): void => void lines.push(message);
  const open = () => policyFromFile({ path, log: { warn: line, error: line, info: line }, nowMs: () => nowMs });
  const secondsLater = (seconds: number): void => { nowMs += seconds * 1000; };

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'policy-'));
    path = join(dir, 'policy.yaml');
    nowMs = 0;
    lines = [];
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  it('that is not there means the default rules, until it is', () => {
    const policy = open();
    expect(policy.allows('delete_image', own, member)).toBe(true);
    writeFileSync(path, '"delete_image": "!"\n');
    expect(policy.allows('delete_image', own, member)).toBe(true);
    secondsLater(1);
    expect(policy.allows('delete_image', own, member)).toBe(false);
  });

  it('is read as YAML or as JSON, with comments, texts and lists', () => {
    writeFileSync(path, '# ours\nadd_image: role:uploader\nget_images: [["role:reader", "project_id:%(project_id)s"]]\n');
    expect(open().allows('get_images', own, member)).toBe(true);
    expect(open().allows('add_image', own, member)).toBe(false);
    writeFileSync(path, '{"add_image": "@"}');
    expect(open().allows('add_image', own, member)).toBe(true);
  });

  it('that is empty changes nothing', () => {
    writeFileSync(path, '# nothing yet\n');
    expect(open().isDefault('get_image')).toBe(true);
  });

  it.each([['a rule that is wrong', 'add_image: admin'], ['a list at the top', '- role:admin'], ['broken YAML', 'a: "b'], ['the same name twice', 'a: "@"\na: "!"'], ['no rule after a name', 'add_image:']])(
    'with %s stops the start and is named', (_, content) => {
      writeFileSync(path, content);
      expect(open).toThrow(path);
    });

  it('that breaks while running, or vanishes, leaves the last good rules and a line in the log', () => {
    writeFileSync(path, 'delete_image: "!"');
    const policy = open();
    writeFileSync(path, 'delete_image: "role:admin or"');
    secondsLater(2);
    expect(policy.allows('delete_image', own, member)).toBe(false);
    expect(lines).toEqual([expect.stringMatching(/not usable.*stay in force[^]*delete_image: the rule ends/)]);
    rmSync(path);
    secondsLater(2);
    expect(policy.allows('delete_image', own, member)).toBe(false);
    expect(lines.at(-1)).toMatch(/is gone/);
    writeFileSync(path, 'delete_image: "@"');
    secondsLater(2);
    expect(policy.allows('delete_image', own, member)).toBe(true);
  });
});
