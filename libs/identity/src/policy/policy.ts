import type { Caller } from '../caller.js';
import { compile, isCredentialName, type Check, type PolicyTarget } from './compile.js';
import { buildingBlocks, defaultRules, olderNames, type PolicyRule } from './default-rules.js';
import { PolicyError, type Expression } from './expression.js';
import { parseRule } from './parse.js';

/** Decides what a caller may do. `rule` is one of ours, or a name that the operator's file adds. */
export interface Policy {
  /** Never throws. A rule nobody wrote allows nobody; so does a token that is not scoped to a project. */
  allows(rule: PolicyRule | (string & {}), target: PolicyTarget, caller: Caller): boolean;
  /** Neither the rule nor one that it is built from was written by the operator; then SQL may stand in for it. */
  isDefault(rule: PolicyRule): boolean;
  /** What the rule `context_is_admin` says. */
  isAdmin(caller: Caller): boolean;
}

/** An operator's rules by name, as his file holds them: texts, or lists of lists. */
export type WrittenRules = Readonly<Record<string, unknown>>;

/** A chain of `rule:` references longer than this is refused; ten thousand would exhaust the stack. */
const maxReferences = 32;

/**
 * The default rules with an operator's own over them, compiled once.
 * Throws PolicyError naming every rule that is wrong: not understood, referring to a rule that is not there, or to itself.
 * What is only suspicious (a rule that is neither ours nor referred to, an unknown value of the caller) goes to `warn`.
 */
export function createPolicy(written: WrittenRules = {}, warn: (warning: string) => void = () => undefined): Policy {
  const expressions = parseAll({ ...defaultRules, ...underNewNames(written) });
  refuseBrokenReferences(expressions);
  for (const warning of suspicions(written, expressions)) warn(warning);
  const checks = compileAll(expressions);
  const defaults = new Set([...expressions.keys()].filter((name) => isUntouched(name, written, expressions)));
  const isAdmin = checks.get('context_is_admin');
  return {
    allows(rule, target, caller) {
      const check = checks.get(rule);
      return check !== undefined && (caller.scope === 'project' || buildingBlocks.has(rule)) && check(target, caller);
    },
    isDefault: (rule) => defaults.has(rule),
    isAdmin: (caller) => isAdmin?.({}, caller) ?? false,
  };
}

function underNewNames(written: WrittenRules): WrittenRules {
  const taken = Object.entries(olderNames).filter(([, older]) => Object.hasOwn(written, older));
  return { ...Object.fromEntries(taken.map(([name, older]) => [name, written[older]])), ...written };
}

type Expressions = ReadonlyMap<string, Expression>;

function parseAll(rules: WrittenRules): Expressions {
  const faults: string[] = [];
  const expressions = new Map<string, Expression>();
  for (const [name, rule] of Object.entries(rules)) {
    try {
      expressions.set(name, parseRule(rule));
    } catch (error) {
      if (!(error instanceof PolicyError)) throw error;
      faults.push(`${name}: ${error.message}`);
    }
  }
  refuse(faults);
  return expressions;
}

function refuseBrokenReferences(expressions: Expressions): void {
  const faults: string[] = [];
  const depths = new Map<string, number>();
  for (const name of expressions.keys()) depthOf(name, []);
  refuse(faults);

  function depthOf(name: string, path: readonly string[]): number {
    const known = depths.get(name);
    if (known !== undefined) return known;
    const expression = expressions.get(name);
    if (path.includes(name)) faults.push(`${name}: refers to itself (${[...path.slice(path.indexOf(name)), name].join(' -> ')})`);
    if (!expression || path.includes(name)) return 0;
    const depth = 1 + Math.max(0, ...referencesOf(expression).map((next) => depthOfReference(next, [...path, name])));
    if (depth === maxReferences + 1) faults.push(`${name}: refers to rules that refer to rules, more than ${maxReferences} deep`);
    depths.set(name, depth);
    return depth;
  }

  function depthOfReference(name: string, path: readonly string[]): number {
    if (!expressions.has(name)) faults.push(`${path.at(-1) ?? ''}: refers to rule:${name}, and there is no rule of that name`);
    return depthOf(name, path);
  }
}

function refuse(faults: readonly string[]): void {
  if (faults.length > 0) throw new PolicyError(faults.join('\n'));
}

/** The names of the rules that an expression asks; `is_admin` asks the rule context_is_admin. */
const referencesOf = (expression: Expression): string[] => leavesOf(expression).flatMap((leaf) => {
  if (leaf.kind === 'rule') return [leaf.name];
  return leaf.kind === 'credential' && leaf.name === 'is_admin' ? ['context_is_admin'] : [];
});

const credentialsOf = (expression: Expression): string[] =>
  leavesOf(expression).flatMap((leaf) => leaf.kind === 'credential' ? [leaf.name] : []);

function leavesOf(expression: Expression): Expression[] {
  if (expression.kind === 'not') return leavesOf(expression.term);
  return expression.kind === 'and' || expression.kind === 'or' ? expression.terms.flatMap(leavesOf) : [expression];
}

function suspicions(written: WrittenRules, expressions: Expressions): string[] {
  const referred = new Set([...expressions.values()].flatMap(referencesOf));
  return Object.keys(written).flatMap((name) => {
    const expression = expressions.get(name);
    const unknown = expression ? credentialsOf(expression).filter((credential) => !isCredentialName(credential)) : [];
    return [
      ...(Object.hasOwn(defaultRules, name) || referred.has(name) ? [] : [`${name}: no such rule is asked here, and no other rule refers to it; is the name right?`]),
      ...unknown.map((credential) => `${name}: nothing is known of a caller's "${credential}", so the check that names it never holds`),
    ];
  });
}

function isUntouched(name: string, written: WrittenRules, expressions: Expressions): boolean {
  const older = olderNames[name as PolicyRule];
  const expression = expressions.get(name);
  if (!expression || Object.hasOwn(written, name) || (older !== undefined && Object.hasOwn(written, older))) return false;
  return referencesOf(expression).every((reference) => isUntouched(reference, written, expressions));
}

function compileAll(expressions: Expressions): ReadonlyMap<string, Check> {
  const checks = new Map<string, Check>();
  for (const name of expressions.keys()) ruleNamed(name);
  return checks;

  function ruleNamed(name: string): Check {
    const known = checks.get(name);
    if (known) return known;
    const expression = expressions.get(name);
    if (!expression) throw new Error(`rule:${name} passed the check of references and is not there`);
    const check = compile(expression, ruleNamed);
    checks.set(name, check);
    return check;
  }
}
