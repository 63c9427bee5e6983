import { Option } from './config.js';
import { ServiceConfig } from './service-config.js';

/** Which URIs tenants may name, told to every service that judges or fetches one: all of them have to be told the same. */
export class ImportFilterConfig extends ServiceConfig {
  @Option.list('import_filtering_opts', 'allowed_schemes', { glance: true, default: ['http', 'https'], doc: 'The schemes that a URI for web-download may have.' })
  readonly allowedSchemes: readonly string[];

  @Option.list('import_filtering_opts', 'disallowed_schemes', { glance: true, default: [], doc: 'The schemes that it may not have; counts where allowed_schemes is empty.' })
  readonly disallowedSchemes: readonly string[];

  @Option.list('import_filtering_opts', 'allowed_hosts', { glance: true, default: [], doc: 'The hosts that it may name; empty for all. A host named here may lie in a private network.' })
  readonly allowedHosts: readonly string[];

  @Option.list('import_filtering_opts', 'disallowed_hosts', { glance: true, default: [], doc: 'The hosts that it may not name; counts where allowed_hosts is empty. An address here is refused as the address of a name, too.' })
  readonly disallowedHosts: readonly string[];

  @Option.list('import_filtering_opts', 'allowed_ports', { glance: true, default: ['80', '443'], doc: 'The ports that it may lead to.' })
  readonly allowedPorts: readonly string[];

  @Option.list('import_filtering_opts', 'disallowed_ports', { glance: true, default: [], doc: 'The ports that it may not lead to; counts where allowed_ports is empty.' })
  readonly disallowedPorts: readonly string[];

  @Option.list('heliograph', 'import_allowed_networks', { default: [], doc: 'Networks that are not public and that images may come from all the same, as 10.1.0.0/16.' })
  readonly importAllowedNetworks: readonly string[];
}
