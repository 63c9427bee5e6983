import { PolicyError, type Expression, type Template } from './expression.js';

/**
 * Reads one check, `kind:match`, or the special `@` (always) and `!` (never).
 * `role:` and `rule:` are kinds of their own; a quoted text, a number, True, False or None is a literal; any other kind names a value of the caller.
 */
export function parseCheck(check: string): Expression {
  if (check === '@') return { kind: 'always' };
  if (check === '!') return { kind: 'never' };
  const colon = check.indexOf(':');
  if (colon < 1) throw new PolicyError(`"${check}" is not a check; a check looks like role:admin or project_id:%(project_id)s`);
  return checkOf(check.slice(0, colon), check.slice(colon + 1), check);
}

function checkOf(kind: string, match: string, check: string): Expression {
  if (kind === 'http' || kind === 'https') {
    throw new PolicyError(`"${check}" would ask another server about every request, which is not supported; say it with roles, or decide in Keystone who has them`);
  }
  if (kind === 'rule') return { kind: 'rule', name: match };
  const template = templateOf(match, check);
  if (kind === 'role') return { kind: 'role', template };
  const literal = literalOf(kind);
  if (literal !== undefined) return { kind: 'literal', value: literal, template };
  if (!/^[A-Za-z_][\w.]*$/.test(kind)) throw new PolicyError(`"${kind}" in "${check}" is neither a value of the caller nor a quoted text`);
  return { kind: 'credential', name: kind, template };
}

/** The text Python would print for a literal: `'public'` is public, `0x10` is left to nobody. */
function literalOf(kind: string): string | undefined {
  const quoted = /^'([^'\\]*)'$|^"([^"\\]*)"$/.exec(kind);
  if (quoted) return quoted[1] ?? quoted[2] ?? '';
  return /^(True|False|None|-?(0|[1-9]\d*))$/.test(kind) ? kind : undefined;
}

function templateOf(match: string, check: string): Template {
  const parts: (string | { key: string })[] = [];
  let from = 0;
  for (const { index, 0: found, 1: key } of match.matchAll(/%\(([^()]+)\)s|%%|%/g)) {
    if (found === '%') throw new PolicyError(`"${check}" holds a % that is not part of %(name)s; write %% for the sign itself`);
    if (index > from) parts.push(match.slice(from, index));
    parts.push(key === undefined ? '%' : { key });
    from = index + found.length;
  }
  if (from < match.length || parts.length === 0) parts.push(match.slice(from));
  return parts;
}
