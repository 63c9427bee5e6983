import { PolicyError, type Expression } from './expression.js';
import { parseCheck } from './parse-check.js';

/** Bounds that no honest rule reaches; they keep a damaged file from exhausting the stack. */
const maxTokens = 2000;
const maxNesting = 64;

/**
 * Reads one rule: the policy language as text, or its older form, a list (any of) of lists (all of) of checks.
 * Throws PolicyError where oslo.policy would log a line and quietly refuse everybody: a file with a mistake is not put to use.
 * Source: oslo.policy 6, "Policy rule expressions".
 */
export function parseRule(rule: unknown): Expression {
  if (typeof rule === 'string') return rule.trim() === '' ? { kind: 'always' } : parseText(rule);
  if (Array.isArray(rule)) return parseLists(rule);
  throw new PolicyError('a rule is a text or a list; write "" to allow everybody and "!" to allow nobody');
}

function parseLists(rule: readonly unknown[]): Expression {
  if (rule.length === 0) return { kind: 'always' };
  const terms = rule.filter((inner) => !isEmpty(inner)).map(parseInner);
  return terms.length === 0 ? { kind: 'never' } : joined('or', terms);
}

const isEmpty = (inner: unknown): boolean => inner === '' || (Array.isArray(inner) && inner.length === 0);

function parseInner(inner: unknown): Expression {
  const checks: unknown[] = Array.isArray(inner) ? inner : [inner];
  return joined('and', checks.map((check) => {
    if (typeof check !== 'string') throw new PolicyError('a list rule holds checks as texts, or lists of them');
    return parseCheck(check.trim());
  }));
}

type Token = '(' | ')' | 'and' | 'or' | 'not' | { readonly check: string };

/** Words are parted by white space; parentheses count only at the two ends of a word, since `%(x)s` holds a pair of its own. */
function tokensOf(rule: string): Token[] {
  const tokens = rule.split(/\s+/).filter((word) => word !== '').flatMap(tokensOfWord);
  if (tokens.length > maxTokens) throw new PolicyError(`the rule has more than ${maxTokens} words`);
  return tokens;
}

function tokensOfWord(word: string): Token[] {
  const opening = word.length - word.replace(/^\(+/, '').length;
  const rest = word.slice(opening);
  const core = rest.replace(/\)+$/, '');
  return [...tokens('(', opening), ...(core === '' ? [] : [wordToken(core)]), ...tokens(')', rest.length - core.length)];
}

const tokens = (token: '(' | ')', count: number): Token[] => Array.from({ length: count }, () => token);

function wordToken(word: string): Token {
  const lower = word.toLowerCase();
  return lower === 'and' || lower === 'or' || lower === 'not' ? lower : { check: word };
}

/** `or` binds weakest, then `and`, then `not`. */
function parseText(rule: string): Expression {
  const all = tokensOf(rule);
  let at = 0;
  let depth = 0;

  const either = (): Expression => chain('or', both);
  const both = (): Expression => chain('and', single);

  function chain(operator: 'and' | 'or', next: () => Expression): Expression {
    const terms = [next()];
    while (all[at] === operator) {
      at += 1;
      terms.push(next());
    }
    return joined(operator, terms);
  }

  function single(): Expression {
    const token = all[at];
    at += 1;
    if (token === undefined) throw new PolicyError('the rule ends where a check is expected');
    if (typeof token === 'object') return parseCheck(token.check);
    if (token === 'not') return nested(() => ({ kind: 'not', term: single() }));
    if (token === '(') return nested(closed);
    throw new PolicyError(`"${token}" stands where a check is expected`);
  }

  function closed(): Expression {
    const inner = either();
    if (all[at] !== ')') throw new PolicyError('an opening parenthesis is never closed');
    at += 1;
    return inner;
  }

  function nested(inside: () => Expression): Expression {
    depth += 1;
    if (depth > maxNesting) throw new PolicyError(`the rule is nested more than ${maxNesting} deep`);
    const expression = inside();
    depth -= 1;
    return expression;
  }

  const expression = either();
  if (at < all.length) throw new PolicyError(`${written(all[at])} follows a complete rule; join checks with "and" or "or"`);
  return expression;
}

const written = (token: Token | undefined): string => typeof token === 'object' ? `"${token.check}"` : `"${token ?? ''}"`;

function joined(kind: 'and' | 'or', terms: readonly Expression[]): Expression {
  const [only] = terms;
  return terms.length === 1 && only ? only : { kind, terms };
}
