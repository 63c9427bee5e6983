import { STATUS_CODES } from 'node:http';

export interface ErrorBody { readonly contentType: string; readonly body: string }

/**
 * The body of a refusal in the form that `Accept` prefers: a page to browsers and to clients that accept anything,
 * JSON to those who name it, plain text to all others.
 * Source: webob's negotiation, measured on Glance; glanceclient cannot read flat JSON, so nobody gets that unasked.
 */
export function errorBody(status: number, explanation: string, accept: string | undefined): ErrorBody {
  const title = glanceTitles[status] ?? STATUS_CODES[status] ?? 'Error';
  const code = `${status} ${title}`;
  switch (preferredForm(accept ?? '')) {
    case 'html': return { contentType: 'text/html; charset=UTF-8', body: page(code, escapeHtml(explanation)) };
    case 'json': return { contentType: 'application/json', body: JSON.stringify({ message: explanation, code, title }) };
    case 'plain': return { contentType: 'text/plain; charset=UTF-8', body: `${code}\n\n${explanation}\n` };
  }
}

/** Where the HTTP of Glance's framework has an older name than Node's. */
const glanceTitles: Readonly<Record<number, string>> = { 413: 'Request Entity Too Large', 416: 'Request Range Not Satisfiable' };

type Form = 'html' | 'json' | 'plain';
interface MediaRange { readonly type: string; readonly quality: number }

const offers = [['html', 'text/html', 'text/*'], ['json', 'application/json', 'application/*']] as const;

/** What an `Accept` header likes best of the three forms. */
export function preferredForm(accept: string): Form {
  const ranges = accept.split(',', 32).filter((range) => range.trim() !== '').map(parseRange);
  // A header that cannot be read says nothing, and then everything is welcome.
  if (!ranges.every((range) => range !== undefined)) return offers[0][0];
  let best: { form: Form; quality: number } | undefined;
  for (const [form, type, family] of offers) {
    const quality = mostSpecific(ranges, [type, family, '*/*'])?.quality ?? 0;
    if (quality > (best?.quality ?? 0)) best = { form, quality };
  }
  return best?.form ?? 'plain';
}

/** Undefined where it is no media range. */
function parseRange(text: string): MediaRange | undefined {
  const [type = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase());
  const quality = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2) ?? '1';
  return /^[^\s/]+\/[^\s/]+$/.test(type) && /^[01](\.\d{0,3})?$/.test(quality) ? { type, quality: Number(quality) } : undefined;
}

const mostSpecific = (ranges: readonly MediaRange[], types: readonly string[]): MediaRange | undefined =>
  types.map((type) => ranges.find((range) => range.type === type)).find((range) => range !== undefined);

const page = (code: string, explanation: string): string =>
  `<html>\n <head>\n  <title>${code}</title>\n </head>\n <body>\n  <h1>${code}</h1>\n  ${explanation}<br /><br />\n </body>\n</html>\n`;

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const escapeHtml = (text: string): string => text.replaceAll(/[&<>"']/g, (character) => entities[character] ?? character);
