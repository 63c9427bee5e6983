/** A section of an INI file with its options, whose names are in lower case. */
export interface IniSection { readonly name: string; readonly options: ReadonlyMap<string, string> }

type Draft = { readonly name: string; readonly options: Map<string, string>; lastOption?: string };

/**
 * Sections in their order. Options are `name = value` or `name: value`; a line that begins with a blank goes on with the value before it;
 * `#` and `;` begin a comment line. Throws with the number of the line that is none of these, or that repeats a section or an option.
 */
export function parseIni(text: string): IniSection[] {
  const sections: Draft[] = [];
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const fault = /^\s*([#;]|$)/.test(line) ? undefined : take(line, sections);
    if (fault !== undefined) throw new Error(`line ${index + 1} ${fault}`);
  }
  return sections;
}

/** Returns what is wrong with the line. */
function take(line: string, sections: Draft[]): string | undefined {
  const header = /^\[(.+)\]/.exec(line)?.[1];
  if (header !== undefined) {
    if (sections.some(({ name }) => name === header)) return `repeats the section [${header}]`;
    sections.push({ name: header, options: new Map() });
    return undefined;
  }
  const section = sections.at(-1);
  return section ? takeOption(line, section) : 'stands before the first section';
}

function takeOption(line: string, section: Draft): string | undefined {
  const { name, options, lastOption } = section;
  if (/^\s/.test(line) && lastOption !== undefined) {
    options.set(lastOption, `${options.get(lastOption) ?? ''}\n${line.trim()}`.trim());
    return undefined;
  }
  const [, option, value = ''] = /^([^\s=:][^=:]*?)\s*[=:]\s*(.*?)\s*$/.exec(line) ?? [];
  if (option === undefined) return 'is neither [section] nor name = value';
  section.lastOption = option.toLowerCase();
  if (options.has(section.lastOption)) return `repeats ${section.lastOption} of [${name}]`;
  options.set(section.lastOption, value);
  return undefined;
}
