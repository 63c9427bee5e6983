import 'reflect-metadata';
import { plainToInstance } from 'class-transformer';
import { validateSync } from 'class-validator';
import { kinds, type NumberBounds, type OptionKind } from './option-kinds.js';

/**
 * One typed class per app, one decorated property per option:
 *
 *   class GatewayConfig extends ServiceConfig {
 *     @Option.int('default', 'image_size_cap', { glance: true, default: 1 << 30, unit: 'bytes', min: 1, doc: 'The largest image that is taken.' })
 *     readonly imageSizeCap: number;
 *   }
 *
 * Its value comes from HELIOGRAPH_DEFAULT__IMAGE_SIZE_CAP, read once; an empty variable counts as absent. Further rules that span
 * options are class-validator decorators beside `@Option`. The same table makes the option tables of docs/operating.md.
 */
export interface OptionFacts<Value> {
  /** What it means, for the operator: one sentence. */
  readonly doc: string;
  /** Absent: the option must be given, unless it is `optional`. */
  readonly default?: Value;
  /** May be absent, and then is undefined. */
  readonly optional?: boolean;
  readonly unit?: string;
  /** Glance has an option of this section and name with this meaning. */
  readonly glance?: boolean;
}

export interface DescribedOption {
  readonly property: string;
  readonly section: string;
  readonly name: string;
  readonly variable: string;
  readonly kind: string;
  readonly doc: string;
  readonly unit: string;
  readonly default: string;
  readonly required: boolean;
  readonly glance: boolean;
}

interface Entry { readonly section: string; readonly name: string; readonly kind: OptionKind<unknown>; readonly facts: OptionFacts<unknown> }

const entriesKey = Symbol('options');

const option = <Value>(section: string, name: string, kind: OptionKind<Value>, facts: OptionFacts<Value>): PropertyDecorator => (target, property) => {
  const inherited = (Reflect.getMetadata(entriesKey, target) ?? new Map()) as Map<string, Entry>;
  Reflect.defineMetadata(entriesKey, new Map([...inherited, [String(property), { section, name, kind, facts }]]), target);
};

export const Option = {
  int: (section: string, name: string, facts: OptionFacts<number> & NumberBounds) => option(section, name, kinds.int(facts), facts),
  float: (section: string, name: string, facts: OptionFacts<number> & NumberBounds) => option(section, name, kinds.float(facts), facts),
  boolean: (section: string, name: string, facts: OptionFacts<boolean>) => option(section, name, kinds.boolean(), facts),
  text: (section: string, name: string, facts: OptionFacts<string> & { pattern?: RegExp }) => option(section, name, kinds.text(facts.pattern), facts),
  secret: (section: string, name: string, facts: OptionFacts<string>) => option(section, name, kinds.secret(), facts),
  path: (section: string, name: string, facts: OptionFacts<string>) => option(section, name, kinds.path(), facts),
  choice: <const Name extends string>(section: string, name: string, facts: OptionFacts<Name> & { choices: readonly Name[] }) =>
    option<Name>(section, name, kinds.choice(facts.choices), facts),
  list: (section: string, name: string, facts: OptionFacts<readonly string[]>) => option<readonly string[]>(section, name, kinds.list(), facts),
  url: (section: string, name: string, facts: OptionFacts<string> & { schemes?: readonly string[] }) =>
    option(section, name, kinds.url(facts.schemes ?? ['http', 'https']), facts),
  urls: (section: string, name: string, facts: OptionFacts<readonly string[]> & { schemes: readonly string[] }) =>
    option<readonly string[]>(section, name, kinds.urls(facts.schemes), facts),
};

/** Every fault of a configuration at once: one line each, naming the variable and what is expected. */
export class ConfigFaults extends Error {
  override readonly name = 'ConfigFaults';
  constructor(readonly faults: readonly string[]) {
    super(`The configuration has ${faults.length} fault${faults.length === 1 ? '' : 's'}:\n${faults.map((fault) => `  ${fault}`).join('\n')}`);
  }
}

/** `HELIOGRAPH_<SECTION>__<OPTION>`, upper-case. */
export const variableOf = (section: string, name: string): string => `HELIOGRAPH_${section}__${name}`.toUpperCase();

/** Options that no class can hold, as those of a store in the section of its name, and what they are called where the operator sets them. */
export const sectionsOf = (env: NodeJS.ProcessEnv) => ({
  value: (section: string, name: string): string | undefined => env[variableOf(section, name)],
  name: variableOf,
});

/** The configuration that the environment gives. Throws `ConfigFaults` with all of them; a secret's value is never repeated. */
export function readConfig<Config extends object>(ConfigClass: new () => Config, env: NodeJS.ProcessEnv = process.env): Config {
  const faults: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [property, entry] of entriesOf(ConfigClass)) {
    const read = readEntry(entry, env);
    if ('fault' in read) faults.push(read.fault);
    else if (read.value !== undefined) values[property] = read.value;
  }
  const config = plainToInstance(ConfigClass, values);
  if (faults.length === 0) faults.push(...crossFaults(config));
  if (faults.length > 0) throw new ConfigFaults(faults);
  return Object.freeze(config);
}

/** The option table of a configuration class, for the operator's manual. */
export function describeOptions(ConfigClass: new () => object): DescribedOption[] {
  return [...entriesOf(ConfigClass)].map(([property, { section, name, kind, facts }]) => ({
    property, section, name, variable: variableOf(section, name), kind: kind.name, doc: facts.doc, unit: facts.unit ?? '',
    default: facts.default === undefined ? '' : String(facts.default),
    required: isRequired(facts), glance: facts.glance ?? false,
  }));
}

function entriesOf(ConfigClass: new () => object): Map<string, Entry> {
  return (Reflect.getMetadata(entriesKey, ConfigClass.prototype as object) ?? new Map()) as Map<string, Entry>;
}

const isRequired = (facts: OptionFacts<unknown>): boolean => facts.default === undefined && facts.optional !== true;

function readEntry({ section, name, kind, facts }: Entry, env: NodeJS.ProcessEnv): { value: unknown } | { fault: string } {
  const variable = variableOf(section, name);
  const text = env[variable]?.trim() ?? '';
  if (text === '') return isRequired(facts) ? { fault: `${variable} is not set; expected ${kind.expects}. ${facts.doc}` } : { value: facts.default };
  const value = kind.parse(text);
  if (value !== undefined) return { value };
  return { fault: `${variable} is ${kind.isSecret ? 'not usable' : JSON.stringify(text)}; expected ${kind.expects}. ${facts.doc}` };
}

function crossFaults(config: object): string[] {
  const entries = entriesOf(config.constructor as new () => object);
  return validateSync(config, { forbidUnknownValues: false }).flatMap(({ property, constraints }) => {
    const entry = entries.get(property);
    return Object.values(constraints ?? {}).map((message) => `${entry ? variableOf(entry.section, entry.name) : property}: ${message}`);
  });
}
