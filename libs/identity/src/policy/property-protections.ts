import { readFileSync } from 'node:fs';
import type { Caller } from '../caller.js';
import { parseIni, type IniSection } from './ini.js';
import type { Policy } from './policy.js';

export const propertyOperations = ['create', 'read', 'update', 'delete'] as const;
export type PropertyOperation = (typeof propertyOperations)[number];
export const ruleFormats = ['roles', 'policies'] as const;
export type RuleFormat = (typeof ruleFormats)[number];

/** Who may do what with the additional properties of images. */
export interface PropertyProtections {
  allows(operation: PropertyOperation, property: string, caller: Caller): boolean;
}

/** Without a file nothing is protected. */
export const noProtections: PropertyProtections = { allows: () => true };

/**
 * The operator's file of protections, read once. Its sections are regular expressions that are looked for in a property's name; the first that
 * is found decides, and what none is found in is for nobody. The service's own properties (`os_glance…`) are nobody's to protect.
 * Throws, naming everything that is wrong, where the file cannot be used.
 * Source: Glance's administrator guide, "Property protections"; glance: property_protection_file, property_protection_rule_format.
 */
export function propertyProtections(file: { readonly path: string; readonly format: RuleFormat }, policy: Pick<Policy, 'allows'>): PropertyProtections {
  return protectionsOf(sectionsOf(file.path), file, policy);
}

interface Rule { readonly form: RegExp; readonly allowed: Readonly<Record<PropertyOperation, readonly string[]>> }

function protectionsOf(sections: readonly IniSection[], { path, format }: { path: string; format: RuleFormat }, policy: Pick<Policy, 'allows'>): PropertyProtections {
  const faults: string[] = [];
  const rules = sections.filter(({ name }) => !name.startsWith('os_glance')).flatMap((section) => ruleOf(section, format, faults) ?? []);
  if (faults.length > 0) throw new Error(`The property protection file ${path} cannot be used:\n${faults.join('\n')}`);
  const holds = format === 'roles'
    ? (name: string, { roles, serviceRoles }: Caller) => roles.includes(name.toLowerCase()) || serviceRoles.includes(name.toLowerCase())
    : (name: string, caller: Caller) => policy.allows(name, {}, caller);
  return {
    allows(operation, property, caller) {
      if (property.startsWith('os_glance')) return true;
      const allowed = rules.find(({ form }) => form.test(property))?.allowed[operation] ?? [];
      return !allowed.includes('!') && (allowed.includes('@') || allowed.some((name) => holds(name, caller)));
    },
  };
}

function ruleOf({ name, options }: IniSection, format: RuleFormat, faults: string[]): Rule | undefined {
  const before = faults.length;
  const allowed = Object.fromEntries(propertyOperations.map((operation) => [operation, allowedOf(name, operation, options.get(operation), format, faults)])) as Record<PropertyOperation, string[]>;
  const form = formOf(name, faults);
  return form && faults.length === before ? { form, allowed } : undefined;
}

function allowedOf(section: string, operation: PropertyOperation, text: string | undefined, format: RuleFormat, faults: string[]): string[] {
  const names = (text ?? '').split(',').map((each) => each.trim()).filter((each) => each !== '');
  if (text === undefined) faults.push(`[${section}] says nothing of ${operation}; write ! where nobody may`);
  if (names.includes('@') && names.includes('!')) faults.push(`[${section}] ${operation} is @ and ! at once`);
  if (format === 'policies' && names.length > 1) faults.push(`[${section}] ${operation} names several policies; combine them in the policy file under one name`);
  return names;
}

function formOf(section: string, faults: string[]): RegExp | undefined {
  try {
    return new RegExp(section, 'u');
  } catch (error) {
    faults.push(`[${section}] is no regular expression: ${(error as Error).message}`);
    return undefined;
  }
}

function sectionsOf(path: string): IniSection[] {
  try {
    return parseIni(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new Error(`The property protection file ${path} cannot be used: ${(error as Error).message}`, { cause: error });
  }
}
