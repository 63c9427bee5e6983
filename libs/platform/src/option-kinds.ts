/** How the text of one environment variable becomes a value: undefined where the text is not of this kind. */
export interface OptionKind<Value> {
  readonly name: string;
  /** Completes the sentence "expected …". */
  readonly expects: string;
  readonly isSecret: boolean;
  parse(text: string): Value | undefined;
}

const kind = <Value>(name: string, expects: string, parse: (text: string) => Value | undefined, isSecret = false): OptionKind<Value> =>
  ({ name, expects, isSecret, parse });

export interface NumberBounds { readonly min?: number; readonly max?: number }

const truths: Readonly<Record<string, boolean>> = { true: true, 1: true, yes: true, on: true, false: false, 0: false, no: false, off: false };

export const kinds = {
  int: (bounds: NumberBounds) => kind('integer', `a whole number${describeBounds(bounds)}`, (text) => bounded(text, /^-?\d{1,16}$/, bounds)),
  float: (bounds: NumberBounds) => kind('number', `a number${describeBounds(bounds)}`, (text) => bounded(text, /^-?\d+(\.\d+)?$/, bounds)),
  boolean: () => kind('boolean', 'true or false', (text) => truths[text.toLowerCase()]),
  text: (pattern?: RegExp) => kind('string', pattern ? `text that matches ${pattern.source}` : 'text', (text) => (pattern && !pattern.test(text) ? undefined : text)),
  secret: () => kind('secret', 'a secret', (text) => text, true),
  path: () => kind('path', 'a path in the file system', (text) => (text.includes('\0') ? undefined : text)),
  choice: <const Name extends string>(names: readonly Name[]) =>
    kind('choice', `one of ${names.join(', ')}`, (text) => names.find((name) => name === text)),
  list: () => kind('list', 'names separated by commas', (text) => split(text)),
  url: (schemes: readonly string[]) => kind('url', `a URL that begins with ${schemes.map((s) => `${s}://`).join(' or ')}`, (text) => urlOf(text, schemes)),
  urls: (schemes: readonly string[]) => kind('urls', `URLs that begin with ${schemes.map((s) => `${s}://`).join(' or ')}, separated by commas`,
    (text) => (split(text).every((each) => urlOf(each, schemes)) ? split(text) : undefined)),
};

function bounded(text: string, form: RegExp, { min, max }: NumberBounds): number | undefined {
  if (!form.test(text)) return undefined;
  const value = Number(text);
  return value >= (min ?? -Infinity) && value <= (max ?? Infinity) ? value : undefined;
}

function describeBounds({ min, max }: NumberBounds): string {
  if (min !== undefined && max !== undefined) return ` from ${min} to ${max}`;
  if (min !== undefined) return ` of at least ${min}`;
  return max === undefined ? '' : ` of at most ${max}`;
}

function split(text: string): string[] {
  return text.split(',').map((part) => part.trim()).filter((part) => part !== '');
}

function urlOf(text: string, schemes: readonly string[]): string | undefined {
  return URL.canParse(text) && schemes.includes(new URL(text).protocol.slice(0, -1)) ? text : undefined;
}
