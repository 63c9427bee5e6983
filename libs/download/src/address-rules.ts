import { ipv4, isWithin, parseAddress, parseNetwork, type Address, type Network } from './addresses.js';

export interface AddressRules {
  /** Whether a connection may go to this address, given in its ordinary form. False for a text that is no address. */
  allows(address: string): boolean;
}

const networks = (...texts: string[]): Network[] => texts.map((text) => networkOf(text));

/** IPv4 that is not the public Internet. Source: IANA IPv4 Special-Purpose Address Registry. */
const notPublicIpv4 = networks(
  '0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.0.0.0/24', '192.0.2.0/24',
  '192.88.99.0/24', '192.168.0.0/16', '198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24', '224.0.0.0/4', '240.0.0.0/4',
  '168.63.129.16', // the metadata service of one large cloud lies among public addresses
);
/** All public IPv6 lies in here: loopback, link-local, unique local (fd00:ec2::254 too), multicast and IPv4-compatible addresses do not. */
const globalUnicast = networkOf('2000::/3');
/** Parts of it that are not public. Source: IANA IPv6 Special-Purpose Address Registry; 2001::/23 holds Teredo, whose addresses hide an IPv4 one. */
const notPublicIpv6 = networks('2001::/23', '2001:db8::/32', '3fff::/20');
/** IPv6 that a translator on the way turns into the IPv4 address inside of it, found so many bits from the right. */
const translated: readonly (readonly [Network, bigint])[] = [[networkOf('64:ff9b::/96'), 0n], [networkOf('2002::/16'), 80n]];

/** Where bytes may be fetched from: public addresses, and the networks that the operator opened (`heliograph.import_allowed_networks`).
 *  Glance lets a tenant reach private networks; we do not, see docs/deviations.md. Throws an Error that names a network it cannot read. */
export function addressRules(options: { readonly allowedNetworks: readonly string[] }): AddressRules {
  const opened = networks(...options.allowedNetworks);
  const isAllowed = (address: Address): boolean => opened.some((network) => isWithin(address, network)) || isPublic(address);
  return {
    allows: (text) => {
      const address = parseAddress(text);
      return address !== undefined && isAllowed(innermost(address));
    },
  };
}

function isPublic(address: Address): boolean {
  if (address.bits === 32) return !notPublicIpv4.some((network) => isWithin(address, network));
  return isWithin(address, globalUnicast) && !notPublicIpv6.some((network) => isWithin(address, network));
}

/** The IPv4 address that an IPv6 address leads to, or the address itself. */
function innermost(address: Address): Address {
  const found = translated.find(([network]) => isWithin(address, network));
  return found ? ipv4((address.value >> found[1]) & 0xffffffffn) : address;
}

function networkOf(text: string): Network {
  const network = parseNetwork(text);
  if (!network) throw new Error(`${text} is not a network. Write it as 10.1.0.0/16 or fd00:1::/32, with no bits set behind the prefix.`);
  return network;
}
