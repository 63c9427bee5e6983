import type { Caller } from '../caller.js';
import type { Expression, Template } from './expression.js';

/** What a rule is asked about: values that `%(name)s` refers to. A key that is absent makes the check that names it false. */
export type PolicyTarget = Readonly<Record<string, unknown>>;
export type Check = (target: PolicyTarget, caller: Caller) => boolean;

/** Turns a parsed rule into a function, once. `ruleNamed` gives the function of another rule, already compiled. */
export function compile(expression: Expression, ruleNamed: (name: string) => Check): Check {
  switch (expression.kind) {
    case 'always': return () => true;
    case 'never': return () => false;
    case 'rule': return ruleNamed(expression.name);
    case 'not': return negated(compile(expression.term, ruleNamed));
    case 'and': return all(expression.terms.map((term) => compile(term, ruleNamed)));
    case 'or': return any(expression.terms.map((term) => compile(term, ruleNamed)));
    case 'role': return roleCheck(expression.template);
    case 'literal': return literalCheck(expression.value, expression.template);
    case 'credential': return credentialCheck(expression.name, expression.template, ruleNamed);
  }
}

const negated = (check: Check): Check => (target, caller) => !check(target, caller);
const all = (checks: readonly Check[]): Check => (target, caller) => checks.every((check) => check(target, caller));
const any = (checks: readonly Check[]): Check => (target, caller) => checks.some((check) => check(target, caller));

function roleCheck(template: Template): Check {
  const render = rendererOf(template);
  const [fixed] = template;
  if (template.length === 1 && typeof fixed === 'string') {
    const role = fixed.toLowerCase();
    return (_, caller) => caller.roles.includes(role);
  }
  return (target, caller) => {
    const role = render(target);
    return role !== undefined && caller.roles.includes(role.toLowerCase());
  };
}

/** `None:%(owner)s` holds for an owner that is null, as in oslo.policy. */
function literalCheck(literal: string, template: Template): Check {
  const render = rendererOf(template, 'None');
  return (target) => render(target) === literal;
}

/**
 * A value of the caller that is absent equals nothing, not even an absent value of the target.
 * oslo.policy compares both as the text "None", by which a caller without project would own every image without owner.
 */
function credentialCheck(name: string, template: Template, ruleNamed: (name: string) => Check): Check {
  const render = rendererOf(template);
  if (name === 'is_admin') {
    const isAdmin = ruleNamed('context_is_admin');
    return (target, caller) => render(target) === printed(isAdmin(target, caller));
  }
  const credential = credentials[name];
  if (!credential) return () => false;
  return (target, caller) => {
    const expected = render(target);
    if (expected === undefined) return false;
    const value = credential(caller);
    return typeof value === 'object' && value !== null ? value.includes(expected) : value === expected;
  };
}

type Credential = (caller: Caller) => string | readonly string[] | null | undefined;

/** The names by which a rule may speak of the caller, those of oslo.context with its older aliases `user` and `tenant`. */
const credentials: Readonly<Record<string, Credential>> = Object.assign(Object.create(null) as object, {
  user_id: (caller) => caller.userId,
  user: (caller) => caller.userId,
  user_name: (caller) => caller.userName,
  user_domain_id: (caller) => caller.userDomainId,
  project_id: (caller) => caller.projectId,
  tenant: (caller) => caller.projectId,
  tenant_id: (caller) => caller.projectId,
  project_name: (caller) => caller.projectName,
  project_domain_id: (caller) => caller.projectDomainId,
  domain_id: (caller) => caller.domainId,
  system_scope: (caller) => caller.scope === 'system' ? 'all' : undefined,
  roles: (caller) => caller.roles,
  service_roles: (caller) => caller.serviceRoles,
} satisfies Record<string, Credential>);

/** Every name a check may start with, besides `role`, `rule` and literals. */
export const isCredentialName = (name: string): boolean => name === 'is_admin' || name in credentials;

type Renderer = (target: PolicyTarget) => string | undefined;

/** Fills the references of a template; undefined when one is absent, or is null and `ofNull` does not say how null is written. */
function rendererOf(template: Template, ofNull?: string): Renderer {
  const [only] = template;
  if (template.length === 1 && only !== undefined) return partOf(only, ofNull);
  const parts = template.map((part) => partOf(part, ofNull));
  return (target) => {
    let text = '';
    for (const part of parts) {
      const value = part(target);
      if (value === undefined) return undefined;
      text += value;
    }
    return text;
  };
}

function partOf(part: Template[number], ofNull: string | undefined): Renderer {
  if (typeof part === 'string') return () => part;
  const { key } = part;
  return (target) => {
    if (!Object.hasOwn(target, key)) return undefined;
    const value = target[key];
    return value === null ? ofNull : printed(value);
  };
}

/** As Python prints it, since policy files are written for that: `True`, `False`, plain numbers and texts. Anything else equals nothing. */
function printed(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  return typeof value === 'number' ? String(value) : undefined;
}
