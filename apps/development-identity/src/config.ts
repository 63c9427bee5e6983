import { Option } from '#libs/platform';

/** What the development identity is told. */
export class DevelopmentIdentityConfig {
  @Option.text('heliograph', 'identity_host', { default: '127.0.0.1', doc: 'The loopback address at which it listens; every other address is refused.' })
  readonly host: string;

  @Option.int('heliograph', 'identity_port', { default: 5000, min: 0, max: 65535, doc: 'The port at which it listens.' })
  readonly port: number;

  @Option.secret('heliograph', 'development_password', { default: 'secret', doc: 'The password of all of its users.' })
  readonly password: string;

  @Option.text('heliograph', 'image_endpoints', {
    default: '{"RegionOne":"http://127.0.0.1:9292","RegionTwo":"http://127.0.0.1:9293"}',
    doc: 'The image endpoint of each region, as a JSON object.',
  })
  readonly imageEndpoints: string;
}

/** The image endpoints by region. Throws an Error that says what is expected. */
export function imageEndpointsOf(text: string): Readonly<Record<string, string>> {
  const endpoints = parsed(text);
  const isFine = typeof endpoints === 'object' && endpoints !== null && Object.values(endpoints).every((url) => typeof url === 'string' && URL.canParse(url));
  if (!isFine) throw new Error('HELIOGRAPH_HELIOGRAPH__IMAGE_ENDPOINTS must be a JSON object of regions with URLs, like {"RegionOne":"http://127.0.0.1:9292"}');
  return endpoints as Record<string, string>;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The address to bind to. Throws for every address that others could reach: anybody knows the password of this service. */
export function loopbackOnly(host: string): string {
  if (host === 'localhost') return '127.0.0.1';
  if (host === '::1' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host)) return host;
  throw new Error(`The development identity listens on loopback only, and ${host} is not a loopback address. Use 127.0.0.1, and a real Keystone for everything beyond this machine.`);
}
