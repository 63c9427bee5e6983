import { STATUS_CODES } from 'node:http';

export interface ErrorBody { readonly contentType: string; readonly body: string }

/**
 * The body of a refusal in the form that `Accept` prefers: a page to browsers and to clients that accept anything,
 * JSON to those who name it, plain text to all others.
 * Source: webob's negotiation, measured on Glance; glanceclient cannot read flat JSON, so nobody gets that unasked.
 */
export function errorBody(status: number, explanation: string, accept: string | undefined): ErrorBody {
  const title = STATUS_CODES[status] ?? 'Error';
  const code = `${status} ${title}`;
  switch (preferredForm(accept ?? '')) {
    case 'html': return { contentType: 'text/html; charset=UTF-8', body: page(code, escapeHtml(explanation)) };
    case 'json': return { contentType: 'application/json', body: JSON.stringify({ message: explanation, code, title }) };
    case 'plain': return { contentType: 'text/plain; charset=UTF-8', body: `${code}\n\n${explanation}\n` };
  }
}

type Form = 'html' | 'json' | 'plain';
interface MediaRange { readonly type: string; readonly quality: number; readonly index: number }

const offers = [['html', 'text/html', 'text/*'], ['json', 'application/json', 'application/*']] as const;

function preferredForm(accept: string): Form {
  const ranges = accept.split(',', 32).map(parseRange);
  let best: { form: Form; range: MediaRange } | undefined;
  for (const [form, type, family] of offers) {
    const range = mostSpecific(ranges, [type, family, '*/*']);
    if (range && range.quality > 0 && (!best || isBetter(range, best.range))) best = { form, range };
  }
  return best?.form ?? 'plain';
}

function parseRange(text: string, index: number): MediaRange {
  const [type = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase());
  const quality = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2);
  return { type, quality: quality === undefined ? 1 : Number(quality) || 0, index };
}

const mostSpecific = (ranges: readonly MediaRange[], types: readonly string[]): MediaRange | undefined =>
  types.map((type) => ranges.find((range) => range.type === type)).find((range) => range !== undefined);

const isBetter = (one: MediaRange, other: MediaRange): boolean =>
  one.quality > other.quality || (one.quality === other.quality && one.index < other.index);

const page = (code: string, explanation: string): string =>
  `<html>\n <head>\n  <title>${code}</title>\n </head>\n <body>\n  <h1>${code}</h1>\n  ${explanation}<br /><br />\n </body>\n</html>\n`;

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const escapeHtml = (text: string): string => text.replaceAll(/[&<>"']/g, (character) => entities[character] ?? character);
