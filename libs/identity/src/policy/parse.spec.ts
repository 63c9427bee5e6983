import type { Caller } from '../caller.js';
import { aCaller } from '../caller.example.js';
import { compile, type PolicyTarget } from './compile.js';
import { parseRule } from './parse.js';

const caller = aCaller({ roles: ['member', 'reader'], projectId: 'p1', userId: 'u1', serviceRoles: ['service'] });
const holds = (rule: unknown, target: PolicyTarget = {}, who: Caller = caller): boolean =>
  compile(parseRule(rule), (name) => () => name === 'yes' || (name === 'context_is_admin' && who.isAdmin))(target, who);

describe('the policy language', () => {
  it.each<[string, unknown, boolean]>([
    ['an empty rule allows everybody', '', true],
    ['an empty list allows everybody', [], true],
    ['a list of nothing but empty lists allows nobody', [[]], false],
    ['@ allows everybody', '@', true],
    ['! allows nobody', '!', false],
    ['roles are compared without case', 'role:MEMBER', true],
    ['a role he does not have fails', 'role:admin', false],
    ['rule: asks another rule', 'rule:yes', true],
    ['not turns a check round', 'not rule:yes', false],
    ['not binds tighter than and', 'not role:admin and role:reader', true],
    ['and binds tighter than or', 'role:reader or role:admin and !', true],
    ['parentheses bind tightest', '(role:reader or role:admin) and !', false],
    ['a conjunction may follow a disjunction', '! or @ and role:reader', true],
    ['not applies to parentheses', 'not (role:admin or !)', true],
    ['not may be repeated', 'not not @', true],
    ['words of the language are written in any case', 'role:reader AND NOT role:admin', true],
    ['parentheses need no spaces around what they hold', '((role:reader)) and (role:member)', true],
    ['a list is any of its checks', ['role:admin', 'role:reader'], true],
    ['an inner list is all of its checks', [['role:admin', 'role:reader']], false],
    ['lists mix', [['role:admin', 'role:reader'], ['role:member', 'project_id:p1']], true],
  ])('%s', (_, rule, expected) => {
    expect(holds(rule)).toBe(expected);
  });

  it.each<[string, string, PolicyTarget, boolean]>([
    ['a value of the caller equals one of the target', 'project_id:%(project_id)s', { project_id: 'p1' }, true],
    ['case counts in values', 'project_id:%(project_id)s', { project_id: 'P1' }, false],
    ['a value the target does not have equals nothing', 'project_id:%(project_id)s', {}, false],
    ['a value that every object inherits is not the target\'s', 'user_id:%(constructor)s', {}, false],
    ['a null of the target is no project', 'project_id:%(project_id)s', { project_id: null }, false],
    ['older names of the caller still work', 'tenant:%(owner)s and user:u1', { owner: 'p1' }, true],
    ['a list of the caller holds when it contains the value', 'service_roles:service', {}, true],
    ['quoted text is a literal', '\'public\':%(visibility)s', { visibility: 'public' }, true],
    ['double quotes too', '"public":%(visibility)s', { visibility: 'private' }, false],
    ['None is a null of the target', 'None:%(owner)s', { owner: null }, true],
    ['True is a true of the target', 'True:%(protected)s', { protected: true }, true],
    ['numbers compare as they are written', '8:%(min_ram)s', { min_ram: 8 }, true],
    ['text around a reference counts', 'project_id:p%(n)s', { n: 1 }, true],
    ['a role may come from the target', 'role:%(wanted)s', { wanted: 'Reader' }, true],
    ['is_admin asks context_is_admin', 'is_admin:False', {}, true],
    ['an unknown value of the caller never holds', 'favourite_colour:%(colour)s', { colour: 'blue' }, false],
    ['an inherited name is no value of the caller', 'constructor:%(x)s', { x: 'Object' }, false],
    ['%% is the sign itself', '\'50%\':50%%', {}, true],
  ])('%s', (_, rule, target, expected) => {
    expect(holds(rule, target)).toBe(expected);
  });

  it('lets a caller without project own nothing, not even what has no owner', () => {
    expect(holds('project_id:%(owner)s', { owner: null }, aCaller({ projectId: null }))).toBe(false);
    expect(holds('project_id:%(owner)s', { owner: 'None' }, aCaller({ projectId: null }))).toBe(false);
  });

  it.each<[string, unknown, RegExp]>([
    ['a word that is no check', 'admin', /"admin" is not a check/],
    ['a quoted text alone', '\'admin\'', /is not a check/],
    ['an end after an operator', 'role:admin or', /ends where a check is expected/],
    ['an operator at the start', 'and role:admin', /"and" stands where/],
    ['two checks without an operator', 'role:admin role:reader', /"role:reader" follows a complete rule/],
    ['a parenthesis that is never closed', '(role:admin', /never closed/],
    ['a parenthesis that was never opened', 'role:admin)', /"\)" follows a complete rule/],
    ['an empty pair of parentheses', '()', /"\)" stands where/],
    ['a check of another server', 'http://auth.example/%(owner)s', /ask another server/],
    ['a % that means nothing', 'user_id:50%', /write %% for the sign/],
    ['a quote that is not closed', '\'public:%(visibility)s', /neither a value of the caller nor a quoted text/],
    ['null, which Python would take for "everybody"', null, /write "" to allow everybody/],
    ['a number', 7, /a rule is a text or a list/],
    ['a map inside a list', [{ role: 'admin' }], /checks as texts/],
    ['a rule nested without end', `${'('.repeat(65)}@${')'.repeat(65)}`, /nested more than 64 deep/],
    ['a rule nested in negations without end', `${'not '.repeat(65)}@`, /nested more than 64 deep/],
    ['a rule of thousands of words', Array.from({ length: 1500 }, () => '@').join(' and '), /more than 2000 words/],
  ])('refuses %s, and says why', (_, rule, message) => {
    expect(() => parseRule(rule)).toThrow(message);
  });
});
