import { Problem } from '#libs/domain';
import { parseAddress } from './addresses.js';

/** Glance's section `[import_filtering_opts]`, name by name. Where both lists of a pair are set, only the allowed one counts. */
export interface UriFilterOptions {
  readonly allowedSchemes: readonly string[];
  readonly disallowedSchemes: readonly string[];
  /** Names and addresses. Where it is not empty nothing else is allowed; a host in it may lie at any address, also a private one. */
  readonly allowedHosts: readonly string[];
  /** Names and addresses; an address here is refused as the address of a name, too. */
  readonly disallowedHosts: readonly string[];
  readonly allowedPorts: readonly number[];
  readonly disallowedPorts: readonly number[];
}

/** Glance's defaults. */
export const defaultUriFilterOptions: UriFilterOptions = {
  allowedSchemes: ['http', 'https'], disallowedSchemes: [], allowedHosts: [], disallowedHosts: [], allowedPorts: [80, 443], disallowedPorts: [],
};

/** A URI that passed the filter, in its normal form. */
export interface AllowedUri {
  readonly scheme: 'http' | 'https';
  /** A name in lower-case ASCII without trailing dot, or an address in its one form without brackets. */
  readonly host: string;
  readonly port: number;
  /** Path and query as they go into the request line. */
  readonly target: string;
  readonly href: string;
  /** The operator named this host in allowed_hosts: the rules for addresses do not hold for it. */
  readonly isTrustedHost: boolean;
}

export interface UriFilter {
  /** Reads a URI and lets it pass. Refuses: UriNotAllowed. Looks nothing up: what the host leads to is judged when connecting. */
  check(uri: string): AllowedUri;
  /** Whether disallowed_hosts names this resolved address. */
  forbidsAddress(address: string): boolean;
}

const maxUriLength = 4096;
const defaultPorts = { http: 80, https: 443 } as const;

/** The filter of one operator. Throws an Error that names a host it cannot read.
 *  Source: Glance's `[import_filtering_opts]` and `validate_import_uri`; API.md section 23. */
export function uriFilter(options: UriFilterOptions): UriFilter {
  const schemes = oneOf(options.allowedSchemes.map((scheme) => scheme.toLowerCase()), options.disallowedSchemes.map((scheme) => scheme.toLowerCase()));
  const hosts = oneOf(options.allowedHosts.map(configuredHost), options.disallowedHosts.map(configuredHost));
  const ports = oneOf(options.allowedPorts, options.disallowedPorts);
  return {
    check: (text) => {
      const uri = parseUri(text);
      if (!schemes.allows(uri.scheme)) throw notAllowed(`its scheme ${uri.scheme}`);
      if (!hosts.allows(uri.host)) throw notAllowed(`its host ${uri.host}`);
      if (!ports.allows(uri.port)) throw notAllowed(`its port ${uri.port}`);
      return { ...uri, isTrustedHost: hosts.allowed.includes(uri.host) };
    },
    forbidsAddress: (address) => hosts.disallowed.includes(parseAddress(address)?.text ?? address),
  };
}

/** Where a refusal says what is wrong with the URI; it completes the sentence of the Problem. */
export const notAllowed = (part: string): Problem => new Problem('UriNotAllowed', { part });

function oneOf<Value>(allowed: readonly Value[], disallowed: readonly Value[]) {
  const counted = allowed.length > 0 ? [] : disallowed;
  return {
    allowed, disallowed: counted,
    allows: (value: Value): boolean => (allowed.length === 0 || allowed.includes(value)) && !counted.includes(value),
  };
}

type ParsedUri = Omit<AllowedUri, 'isTrustedHost'>;

function parseUri(text: string): ParsedUri {
  const { scheme, authority } = split(text);
  if (!isHttp(scheme)) throw notAllowed(`its scheme ${scheme}`);
  const [, hostText = '', portText = ''] = /^(\[[^\]]*\]|[^:[\]]+)(?::(\d*))?$/.exec(authority) ?? [];
  const host = hostOf(hostText);
  const port = portText === '' ? defaultPorts[scheme] : Number(portText);
  if (port < 1 || port > 65535) throw notAllowed('its port is not between 1 and 65535');
  const { pathname, search } = new URL(text);
  const origin = `${scheme}://${host.includes(':') ? `[${host}]` : host}${port === defaultPorts[scheme] ? '' : `:${port}`}`;
  return { scheme, host, port, target: pathname + search, href: origin + pathname + search };
}

/** Two readers of one URI must never see two hosts, so what `URL` would quietly repair (tabs, backslashes, escapes and digits of other
 *  scripts in a host, a missing slash) is refused before it is asked. Source: LP 2138602. */
function split(text: string): { scheme: string; authority: string } {
  if (text.length > maxUriLength) throw notAllowed(`it has more than ${maxUriLength} characters`);
  if (/[\x00-\x20\x7f\\]/.test(text)) throw notAllowed('it has a space, a backslash or a control character in it');
  const [, scheme = '', authority = ''] = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]+)/i.exec(text) ?? [];
  if (authority === '') throw notAllowed('it does not have the form http://host/path');
  if (authority.includes('@')) throw notAllowed('it holds a user name or password');
  return { scheme: scheme.toLowerCase(), authority };
}

const isHttp = (scheme: string): scheme is 'http' | 'https' => scheme === 'http' || scheme === 'https';

function hostOf(text: string): string {
  const host = normalHost(text);
  if (host === undefined) throw notAllowed('its host is neither a plain name nor an address in its ordinary form');
  return host;
}

function configuredHost(text: string): string {
  const host = normalHost(text.includes(':') && !text.startsWith('[') ? `[${text}]` : text);
  if (host === undefined) throw new Error(`${text} is neither the name of a host nor an address in its ordinary form.`);
  return host;
}

/** Undefined for every address in disguise: decimal, octal, hexadecimal, short, escaped, with a trailing dot, in digits or dots of another script. */
function normalHost(text: string): string | undefined {
  if (text.startsWith('[')) return text.includes(':') ? parseAddress(text.slice(1, -1))?.text : undefined;
  if (text.includes('%') || !URL.canParse(`http://${text}`)) return undefined;
  const { hostname } = new URL(`http://${text}`);
  const address = parseAddress(hostname);
  if (address) return address.text === text ? text : undefined;
  const name = hostname.replace(/\.$/, '');
  return name.length <= 253 && name.split('.').every((label) => /^[a-z0-9_-]{1,63}$/.test(label)) ? name : undefined;
}
